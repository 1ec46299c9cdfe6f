//! What dead runs left.

use super::super::Invocation;
use crate::engine::DockerEngine;
use crate::events::{Event, Sink};
use crate::execute::{Sweep, sweep};
use crate::failure::{Failure, FailureKind, with_causes};

/// Removes what dead runs left. What cannot be removed does not stop a build that does not need it gone.
pub(in super::super) async fn sweep_dead_runs(
    invocation: &Invocation<'_>,
    engine: &DockerEngine,
    sink: &dyn Sink,
) -> Result<(), Failure> {
    let runs = invocation.cache_folder("runs");
    let swept = invocation.unless_stopped(sweep(engine, &runs, Sweep::DEAD_RUNS));
    match swept.await {
        Err(failure) if failure.kind != FailureKind::Interrupted => {
            sink.event(&Event::Warning {
                text: format!(
                    "what an earlier run left on the engine is still there: {}",
                    with_causes(&*failure.source)
                ),
            });
            Ok(())
        }
        Err(interrupted) => Err(interrupted),
        Ok(swept) => {
            for (name, error) in swept.failed {
                sink.event(&Event::Warning {
                    text: format!(
                        "{name} of an earlier run is still on the engine: {}",
                        with_causes(&error)
                    ),
                });
            }
            Ok(())
        }
    }
}
