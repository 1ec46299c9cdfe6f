//! The end of a session, whether the work is done or the user stops it.

use std::time::Duration;

use super::context::Context;
use super::error::ExecuteError;
use crate::engine::Session;
use crate::events::Warning;
use crate::failure::with_causes;

/// Time limit for the removal of a session; then the run ends without waiting for it.
const CLOSE_LIMIT: Duration = Duration::from_mins(1);

/// The result of `work`, or [`ExecuteError::Interrupted`] as soon as the user stops the run.
pub(super) async fn until_cancelled<T, E: From<ExecuteError>>(
    context: &Context<'_>,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    tokio::select! {
        result = work => result,
        () = context.cancel.cancelled() => Err(ExecuteError::Interrupted.into()),
    }
}

/// Closes a session. A failure is a warning; `kmembuild clean` removes the session later.
pub(super) async fn close(session: &dyn Session, context: &Context<'_>) {
    let problem = match tokio::time::timeout(CLOSE_LIMIT, session.close()).await {
        Ok(Ok(())) => return,
        Ok(Err(error)) => with_causes(&error),
        Err(_) => format!(
            "the engine did not answer for {}",
            humantime::format_duration(CLOSE_LIMIT)
        ),
    };
    context.run.leaves_something();
    let what = format!("container {}", short(session.id()));
    let warning = Warning::LeftBehind(what, problem);
    context.sink.event(&warning.into());
}

/// The beginning of an id, as people quote it.
pub(super) fn short(id: &str) -> &str {
    let id = id.trim_start_matches("sha256:");
    &id[..12.min(id.len())]
}
