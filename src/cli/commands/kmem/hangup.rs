//! The signal for a lost connection.

use procfs_core::FromRead as _;
use procfs_core::process::Status;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that is cancelled with `cancel`, or when the terminal of this process goes away, e.g. with a lost SSH
/// connection. A process that is meant to outlive its terminal, e.g. under nohup, ignores that.
pub(super) fn or_at_hangup(cancel: &CancellationToken) -> CancellationToken {
    let stop = cancel.child_token();
    if is_ignored() {
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

/// Whether the parent process made this one ignore the signal. Listening for it would undo that.
fn is_ignored() -> bool {
    let bit = 1 << (SignalKind::hangup().as_raw_value() - 1);
    Status::from_file("/proc/self/status").is_ok_and(|status| status.sigign & bit != 0)
}
