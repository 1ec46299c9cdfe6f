//! The choice of an engine.

use clap::ValueEnum;

use crate::engine::EngineChoice;

/// An engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EngineOption {
    /// Docker where it answers; otherwise local in a container, or else runtime
    Auto,
    /// Docker or podman
    Docker,
    /// crun, runc or youki, without a daemon
    Runtime,
    /// The container that kmembuild runs in
    Local,
    /// Jobs of a Kubernetes cluster
    Kubernetes,
}

impl From<EngineOption> for EngineChoice {
    fn from(option: EngineOption) -> Self {
        match option {
            EngineOption::Auto => Self::Auto,
            EngineOption::Docker => Self::Docker,
            EngineOption::Runtime => Self::Runtime,
            EngineOption::Local => Self::Local,
            EngineOption::Kubernetes => Self::Kubernetes,
        }
    }
}
