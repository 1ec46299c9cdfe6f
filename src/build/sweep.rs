//! What dead runs left.

use super::error::BuildError;
use super::workspace::Workspace;
use crate::engine::Engine;
use crate::events::{Event, Sink, Warning};
use crate::execute::{Sweep, sweep};
use crate::failure::with_causes;

/// Removes what dead runs left. What cannot be removed does not stop a build that does not need it gone.
///
/// # Errors
/// [`BuildError::Interrupted`].
pub async fn sweep_dead_runs(
    workspace: &Workspace,
    engine: &dyn Engine,
    sink: &dyn Sink,
) -> Result<(), BuildError> {
    let warn = |what: String, reason| {
        sink.event(&Event::Warning(Warning::LeftBehind(what, reason)));
    };
    let runs = workspace.runs();
    let swept = workspace.unless_stopped(sweep(engine, &runs, Sweep::DEAD_RUNS));
    match swept.await {
        Err(BuildError::Interrupted) => return Err(BuildError::Interrupted),
        Err(error) => warn(
            "what an earlier run left on the engine".to_owned(),
            with_causes(&error),
        ),
        Ok(swept) => {
            for (name, error) in swept.failed {
                let what = format!("{name}, which an earlier run left on the engine");
                warn(what, with_causes(&error));
            }
        }
    }
    Ok(())
}
