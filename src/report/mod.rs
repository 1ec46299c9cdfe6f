//! What people and scripts read: progress on standard error, results on standard output.

mod audit_table;
mod doctor_table;
mod github;
mod json;
mod kmem_metrics;
mod kmem_status;
mod layout;
mod live;
mod output;
mod plain;
mod release;
mod reproduction;
mod summary;
mod table;
mod watch;

pub use crate::events::JSON_FORMAT;
pub use audit_table::audit_table;
pub use doctor_table::doctor_table;
pub use json::{JsonLines, json_line};
pub use kmem_metrics::kmem_metrics;
pub use kmem_status::{kmem_status_json, kmem_status_text};
pub use live::LiveProgress;
pub use output::print;
pub use plain::PlainProgress;
pub use release::ReleaseProgress;
pub use reproduction::reproduction_text;
pub use summary::Summary;
pub use table::{CheckedFile, check_table};
pub use watch::{Figure, LiveChart, watch_json, watch_page, watch_summary};

use crate::events::{Event, Sink};

/// How much is told while a build runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verbosity {
    /// Warnings only.
    Quiet,
    /// Stages, steps and what went another way than planned.
    Normal,
    /// The output of every step as well.
    Verbose,
}

/// Tells what goes on, in the way that fits where standard error goes.
pub enum Progress {
    /// Bars on a terminal.
    Live(LiveProgress),
    /// Short lines.
    Plain(PlainProgress),
    /// One JSON document a line.
    Json(JsonLines),
}

impl Progress {
    /// The way that fits: JSON when asked for, bars on a terminal, lines elsewhere.
    pub fn new(json: bool, terminal: bool, verbosity: Verbosity) -> Self {
        if json {
            Progress::Json(JsonLines)
        } else if terminal && verbosity != Verbosity::Quiet {
            Progress::Live(LiveProgress::new(verbosity))
        } else {
            Progress::Plain(PlainProgress::new(verbosity))
        }
    }

    /// Takes bars off the screen; the next thing printed is not drawn over.
    pub fn finish(&self) {
        if let Progress::Live(live) = self {
            live.finish();
        }
    }
}

impl Sink for Progress {
    fn event(&self, event: &Event) {
        match self {
            Progress::Live(live) => live.event(event),
            Progress::Plain(plain) => plain.event(event),
            Progress::Json(json) => json.event(event),
        }
    }
}
