//! What `push` and `pull` have in common.

use crate::cli::explain::interrupted;
use crate::cli::invocation::Invocation;
use crate::delivery::registry::DistributionError;
use crate::events::Sink;
use crate::failure::Failure;
use crate::recipe::TimeSpan;
use crate::report::Progress;
use crate::transport::{Patience, Transport};

/// How registries are reached: with the user's credentials and proxies.
pub(super) fn transport(invocation: &Invocation<'_>, stall: Option<TimeSpan>) -> Transport {
    let configured = invocation.workspace.configuration.stall_timeout;
    let patience = match stall.or(configured) {
        Some(stall) => Patience::with_stall(stall.0),
        None => Patience::default(),
    };
    Transport {
        settings: invocation.surroundings.client.clone(),
        patience,
    }
}

/// Shows what goes on meanwhile, and ends when the user wants it: what was half done is undone then.
pub(super) async fn carried_out<T>(
    invocation: &Invocation<'_>,
    work: impl AsyncFnOnce(&dyn Sink) -> Result<T, DistributionError>,
) -> Result<T, Failure> {
    // Standard output is for the one document.
    let terminal = invocation.environment.progress_terminal && !invocation.json();
    let progress = Progress::new(false, terminal, invocation.verbosity());
    let done = tokio::select! {
        done = work(&progress) => done.map_err(Failure::from),
        () = invocation.workspace.cancel.cancelled() => Err(interrupted()),
    };
    progress.finish();
    done
}
