//! The signal of a connection that was lost.

use procfs::process::Process;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that is cancelled when `cancel` is, or when the terminal of this process goes away, as with a lost SSH
/// connection. A process that was told to outlive its terminal, as by nohup, does.
pub fn or_at_hangup(cancel: &CancellationToken) -> CancellationToken {
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

/// Whether whoever started this process told it to ignore the signal. To listen for it would undo that.
fn is_ignored() -> bool {
    let bit = 1 << (SignalKind::hangup().as_raw_value() - 1);
    Process::myself()
        .and_then(|process| process.status())
        .is_ok_and(|status| status.sigign & bit != 0)
}
