//! What is told while a release is made.

use std::time::Duration;

use super::outcome::Outcome;
use crate::events::{Event, Sink};

/// What a target is going through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It is planned: its source is fetched.
    Planning,
    /// It is built and published.
    Building,
}

/// Takes what happens to the targets of a release; implemented by the reporter.
pub trait ReleaseSink: Send + Sync {
    /// The work on so many targets begins.
    fn begin(&self, targets: usize);

    /// Something happened to a target.
    fn event(&self, target: &str, phase: Phase, event: &Event);

    /// A target's work is over.
    fn ended(&self, target: &str, outcome: &Outcome, took: Duration);

    /// Something happened to the whole.
    fn tell(&self, event: &Event);
}

/// Takes the events of one target.
pub(super) struct TargetSink<'a> {
    pub(super) progress: &'a dyn ReleaseSink,
    pub(super) target: &'a str,
    pub(super) phase: Phase,
}

impl Sink for TargetSink<'_> {
    fn event(&self, event: &Event) {
        self.progress.event(self.target, self.phase, event);
    }
}
