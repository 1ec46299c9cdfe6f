//! Transfers that stall.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What of a transfer has moved, in bytes.
#[derive(Clone, Default)]
pub(super) struct Movement(Arc<AtomicU64>);

impl Movement {
    /// More bytes moved; returns how many did in all.
    pub(super) fn add(&self, bytes: usize) -> u64 {
        let bytes = bytes as u64;
        self.0.fetch_add(bytes, Ordering::Relaxed) + bytes
    }

    /// Another attempt begins.
    pub(super) fn restart(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    fn so_far(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What `work` comes to; `None` when nothing moved for `limit`.
pub(super) async fn unless_stalled<T>(
    work: impl Future<Output = T>,
    movement: &Movement,
    limit: Duration,
) -> Option<T> {
    let mut work = std::pin::pin!(work);
    loop {
        let before = movement.so_far();
        match tokio::time::timeout(limit, &mut work).await {
            Ok(done) => return Some(done),
            Err(_) if movement.so_far() == before => return None,
            Err(_) => {}
        }
    }
}
