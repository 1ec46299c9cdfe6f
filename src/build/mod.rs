//! The road from an order to a published, proven result: [`run()`] is that road, everything else here is a part of it.
//!
//! Knows neither a command line nor a terminal: an order is plain values ([`BuildOrder`]), progress goes to a
//! [`crate::events::Sink`], and what goes wrong is a [`BuildError`].

mod attempt;
mod bundled;
mod cached;
mod cluster;
mod companions;
mod current;
mod error;
mod like;
mod manifest;
mod order;
mod origin;
mod prepare;
mod prepared;
mod publish;
mod published;
mod result;
mod run;
mod run_check;
mod shared;
mod staging;
mod sweep;
mod temporary_directory;
mod workspace;

pub use cluster::{ClusterBuildError, PodFailure, PodWork, WorkChecks, work_in_pod};
pub use companions::{files_to_come, refuse_unknown_package};
pub use current::{content_key, is_current};
pub use error::{BuildError, FailedBuild, FailureLog};
pub use order::{
    BuildOrder, CacheUse, Checks, Destination, ImageChoice, Limits, RunCheck, SourceChoice, Subject,
};
pub use origin::{ResultOrigin, result_origin};
pub use prepare::prepare;
pub use prepared::{Fetched, Prepared};
pub use result::{BuildResult, CacheOutcome};
pub use run::{carry_out, run};
pub use run_check::check_by_running;
pub use shared::bring_shared;
pub use sweep::sweep_dead_runs;
pub use temporary_directory::check_temporary_directory;
pub use workspace::{Connect, Workspace};
