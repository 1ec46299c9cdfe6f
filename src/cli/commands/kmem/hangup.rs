//! The signal for a lost connection.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::host::is_ignored;

/// A token that is cancelled with `cancel`, or when the terminal of this process goes away, e.g. with a lost SSH
/// connection. A process that is meant to outlive its terminal, e.g. under nohup, ignores that.
pub(super) fn or_at_hangup(cancel: &CancellationToken) -> CancellationToken {
    let stop = cancel.child_token();
    // Listening for an ignored signal would undo that.
    if is_ignored(SignalKind::hangup().as_raw_value()) {
        return stop;
    }
    let hangup = signal(SignalKind::hangup());
    let of_hangup = stop.clone();
    tokio::spawn(async move {
        if let Ok(mut hangup) = hangup {
            hangup.recv().await;
            of_hangup.cancel();
        }
    });
    stop
}
