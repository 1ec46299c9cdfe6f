//! When a watch measures.

use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use crate::cli::args::WatchArguments;

/// When to measure.
pub(super) struct Schedule {
    ticks: Interval,
    end: Option<Instant>,
}

impl Schedule {
    /// A schedule that starts now.
    pub(super) fn new(arguments: &WatchArguments) -> Self {
        let mut ticks = interval(arguments.interval.0.max(Duration::from_millis(10)));
        // After a walk that took longer than the interval, nothing is caught up.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let end = arguments
            .duration
            .and_then(|duration| Instant::now().checked_add(duration.0));
        Self { ticks, end }
    }

    /// Waits until a measurement is due; the first one is due at once. Returns false when the time is over.
    pub(super) async fn next(&mut self) -> bool {
        let over = async {
            match self.end {
                Some(end) => tokio::time::sleep_until(end).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // A measurement that is due is made even if the time ends at the same moment.
            biased;
            _ = self.ticks.tick() => true,
            () = over => false,
        }
    }
}
