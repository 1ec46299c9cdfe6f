//! Runs a program in a container of its own on the engine, under strace, to see what it writes when it makes cgroups: a
//! runc, which makes a container, or a kubelet, which makes those that pods are in.

mod archive;
mod container;
mod error;
mod image;
mod kubelet;
mod runc;
mod try_out;

pub use error::{Refusal, TrialError};
pub use try_out::try_out;

use crate::engine::EngineError;
use crate::execute::error::ExecuteError;

/// Folder in the container, below its root, that all of a trial is in.
const FOLDER: &str = "trial";
/// The program in the container.
const PROGRAM: &str = "/trial/program";

/// The failure of something that the engine was asked for.
fn engine_failed(source: EngineError) -> TrialError {
    TrialError::Execute(ExecuteError::Engine {
        stage: "trial",
        source,
    })
}
