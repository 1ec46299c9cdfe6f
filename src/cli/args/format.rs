//! Formats of what commands print on standard output. Each command has its own `--format`, with the formats it supports.

use clap::ValueEnum;

/// The formats of most commands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON document, or one for each event, each on one line.
    Json,
}

/// The formats of a plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// A page for people.
    #[default]
    Text,
    /// YAML.
    Yaml,
    /// One JSON document.
    Json,
}

/// The formats of `kmem status` and `kmem report`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum StatusFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON document.
    Json,
    /// Metrics for Prometheus.
    Prometheus,
}
