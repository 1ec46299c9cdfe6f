//! What people and scripts read: progress on standard error, results on standard output.

mod audit_table;
mod closing;
mod doctor_table;
mod github;
mod json;
mod kmem_metrics;
mod kmem_status;
mod layout;
mod live;
mod metrics;
mod output;
mod plain;
mod progress;
mod release;
mod reproduction;
mod summary;
mod table;
mod verbosity;
mod watch;

pub use crate::events::JSON_FORMAT;
pub use audit_table::{audit_table, audit_verdict};
pub use closing::Closing;
pub use doctor_table::{doctor_problems, doctor_table, doctor_verdict};
pub use json::{json_document, json_line};
pub use kmem_metrics::kmem_metrics;
pub use kmem_status::{kmem_status_json, kmem_status_text};
pub use output::{print, print_exact, tell};
pub use plain::{duration, line};
pub use progress::Progress;
pub use release::ReleaseProgress;
pub use reproduction::reproduction_text;
pub use summary::Summary;
pub use table::{CheckedFile, check_table, counted, verdict_on};
pub use verbosity::Verbosity;
pub use watch::{
    ChartNotes, Figure, LiveChart, Series, Watched, watch_conclusion, watch_json, watch_metrics,
    watch_page, watch_summary,
};
