//! What people and scripts read: progress on standard error, results on standard output.

mod audit_table;
mod closing;
mod doctor_table;
mod fleet;
mod github;
mod html;
mod json;
mod junit;
mod kmem_metrics;
mod kmem_status;
mod layout;
mod live;
mod look;
mod metrics;
mod node;
mod node_metrics;
mod output;
mod plain;
mod plan_page;
mod progress;
mod release;
mod release_page;
mod reproduction;
mod summary;
mod table;
mod text;
mod verbosity;
mod watch;
mod wrap;

pub use crate::events::JSON_FORMAT;
pub use audit_table::{audit_table, audit_verdict};
pub use closing::Closing;
pub use doctor_table::{doctor_problems, doctor_table, doctor_verdict};
pub use fleet::{fleet_text, fleet_verdict};
pub use json::{json_document, json_line};
pub use junit::{ReportedResult, ReportedTarget, junit};
pub use kmem_metrics::kmem_metrics;
pub use kmem_status::{kmem_status_json, kmem_status_text};
pub use look::{ColourChoice, is_output_coloured, output_width, settle_looks};
pub use node::{node_text, node_verdict};
pub use node_metrics::node_metrics;
pub use output::{failure_text, print, print_exact, tell};
pub use plain::{duration, line};
pub use plan_page::{PlanSurroundings, plan_page, plan_verdict};
pub use progress::Progress;
pub use release::ReleaseProgress;
pub use release_page::release_page;
pub use reproduction::reproduction_text;
pub use summary::Summary;
pub use table::{CheckedFile, check_table, counted, verdict_on};
pub use text::{Text, Tone};
pub use verbosity::Verbosity;
pub use watch::{
    ChartNotes, Figure, LiveChart, Series, Watched, watch_conclusion, watch_json, watch_metrics,
    watch_page, watch_summary,
};
