//! What is told of a Job while it is followed, each thing once, and how long it may wait.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use super::state::State;
use crate::engine::cluster::ClusterReport;
use crate::events::{Note, Sink, Warning};

/// How many reasons of one Job are told.
const MOST_REASONS: usize = 8;
/// How long a Job has no pod before it is looked why.
const NO_POD: Duration = Duration::from_secs(10);
/// How long an image that a node cannot pull, or a container that it cannot make, is waited for.
const NODE_TROUBLE: Duration = Duration::from_mins(2);

/// What was told of a Job already.
pub(super) struct Told<'a> {
    pub(super) job: &'a str,
    sink: &'a dyn Sink,
    reasons: BTreeSet<String>,
    /// The last reason for which it waits.
    pub(super) last: Option<String>,
    node: Option<String>,
    /// Since when it has no pod.
    no_pod: Option<Instant>,
    /// Whether it was looked why there is no pod.
    pub(super) has_looked: bool,
}

/// Since when a Job waits.
pub(super) struct Waiting {
    pending: Duration,
    since: Option<Instant>,
    trouble: Option<Instant>,
}

impl Waiting {
    /// Of work that may wait so long for a node and for its images.
    pub(super) fn new(pending: Duration) -> Self {
        Self {
            pending,
            since: None,
            trouble: None,
        }
    }

    /// Until when it may go on as it is; `None` while it runs.
    pub(super) fn limit(&mut self, state: &State) -> Option<Instant> {
        if matches!(state, State::Running { .. }) {
            // A pod that takes its place waits anew.
            (self.since, self.trouble) = (None, None);
            return None;
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        let limit = since + self.pending;
        let has_trouble = matches!(
            state,
            State::NotBegun {
                reason: Some(_),
                ..
            }
        );
        if !has_trouble {
            self.trouble = None;
            return Some(limit);
        }
        let trouble = *self.trouble.get_or_insert_with(Instant::now);
        Some(limit.min(trouble + NODE_TROUBLE))
    }
}

impl<'a> Told<'a> {
    pub(super) fn new(job: &'a str, sink: &'a dyn Sink) -> Self {
        Self {
            job,
            sink,
            reasons: BTreeSet::new(),
            last: None,
            node: None,
            no_pod: None,
            has_looked: false,
        }
    }

    /// Tells how far it is.
    pub(super) fn state(&mut self, state: &State) {
        if *state == State::NoPod {
            self.no_pod.get_or_insert_with(Instant::now);
        } else {
            self.no_pod = None;
        }
        match state {
            State::Running { node, waited } => self.runs(node, *waited),
            State::Unscheduled(reason) | State::NotBegun { reason, .. } => {
                self.waits(reason.clone());
            }
            State::NoPod | State::Reported { .. } | State::Ended(_) => {}
        }
    }

    /// Tells what it waits for.
    pub(super) fn waits(&mut self, reason: Option<String>) {
        let Some(reason) = reason else { return };
        self.last = Some(reason.clone());
        if self.reasons.len() < MOST_REASONS && self.reasons.insert(reason.clone()) {
            let warning = Warning::JobWaits(self.job.to_owned(), reason);
            self.sink.event(&warning.into());
        }
    }

    fn runs(&mut self, node: &str, waited: Duration) {
        if self.node.as_deref() != Some(node) {
            self.node = Some(node.to_owned());
            let begun = Note::OnNode {
                node: node.to_owned(),
                waited,
            };
            self.sink.event(&begun.into());
        }
    }

    /// When it is to be looked why there is no pod.
    pub(super) fn looks_at(&self) -> Option<Instant> {
        let since = self.no_pod.filter(|_| !self.has_looked)?;
        Some(since + NO_POD)
    }

    /// Tells the rest, and returns how it ended.
    pub(super) fn end(&mut self, report: &ClusterReport) -> String {
        match &report.node {
            Some(node) => {
                self.runs(node, report.waited);
                format!("ended on node {node}")
            }
            None => "ended".to_owned(),
        }
    }
}
