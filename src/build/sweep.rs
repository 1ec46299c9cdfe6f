//! What dead runs left.

use super::error::BuildError;
use super::workspace::Workspace;
use crate::engine::Engine;
use crate::events::{Event, Sink};
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
    let warn = |text| sink.event(&Event::Warning { text });
    let runs = workspace.runs();
    let swept = workspace.unless_stopped(sweep(engine, &runs, Sweep::DEAD_RUNS));
    match swept.await {
        Err(BuildError::Interrupted) => return Err(BuildError::Interrupted),
        Err(error) => warn(format!(
            "could not remove what an earlier run left on the engine: {}",
            with_causes(&error)
        )),
        Ok(swept) => {
            for (name, error) in swept.failed {
                let reason = with_causes(&error);
                warn(format!(
                    "could not remove {name}, which an earlier run left on the engine: {reason}"
                ));
            }
        }
    }
    Ok(())
}
