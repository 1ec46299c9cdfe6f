//! When what was done for each target of a release.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::outcome::Outcome;
use super::progress::{Phase, ReleaseSink};
use crate::artifacts::{IndexRun, IndexStage};
use crate::clock;
use crate::events::{Event, Note};

/// Notes the stages and steps of each target on their way to a display.
pub struct Timeline<'a> {
    display: &'a dyn ReleaseSink,
    begun: Timestamp,
    started: Instant,
    lanes: Mutex<BTreeMap<String, Lane>>,
}

/// What was done for one target.
#[derive(Default)]
struct Lane {
    /// What is not over, with the time since the begin of the run: a stage may have stages of its own.
    open: Vec<(String, Duration)>,
    /// The node of a cluster that does what is open.
    node: Option<String>,
    done: Vec<IndexStage>,
}

impl<'a> Timeline<'a> {
    /// The run begins now.
    pub fn start(display: &'a dyn ReleaseSink) -> Self {
        Self {
            display,
            begun: clock::now(),
            started: Instant::now(),
            lanes: Mutex::default(),
        }
    }

    /// How long the run has taken so far.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// The run so far.
    pub(super) fn run(&self) -> IndexRun {
        IndexRun {
            started_at: self.begun.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            milliseconds: milliseconds(self.elapsed()),
        }
    }

    /// What was done for a target, in the order in which it began.
    pub(super) fn stages_of(&self, target: &str) -> Vec<IndexStage> {
        let lanes = self.lanes();
        lanes
            .get(target)
            .map(|lane| lane.done.clone())
            .unwrap_or_default()
    }

    fn lanes(&self) -> MutexGuard<'_, BTreeMap<String, Lane>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, target: &str, change: impl FnOnce(&mut Lane, Duration)) {
        let now = self.elapsed();
        let mut lanes = self.lanes();
        if !lanes.contains_key(target) {
            lanes.insert(target.to_owned(), Lane::default());
        }
        if let Some(lane) = lanes.get_mut(target) {
            change(lane, now);
        }
    }
}

impl Lane {
    fn begin(&mut self, name: &str, now: Duration) {
        self.open.push((name.to_owned(), now));
    }

    /// Ends the innermost stage of that name, and what is in it. Only the outermost ones are kept: they do not overlap.
    fn end(&mut self, name: &str, now: Duration, failed: bool) {
        let open = self.open.iter();
        let Some(place) = open.clone().rposition(|(open, _)| open == name) else {
            return;
        };
        let begun = self.open.drain(place..).next();
        if let Some((name, after)) = begun
            && self.open.is_empty()
        {
            self.done.push(IndexStage {
                name,
                after: milliseconds(after),
                milliseconds: milliseconds(now.saturating_sub(after)),
                node: self.node.take(),
                failed,
            });
        }
    }
}

impl ReleaseSink for Timeline<'_> {
    fn begin(&self, targets: usize) {
        self.display.begin(targets);
    }

    fn event(&self, target: &str, phase: Phase, event: &Event) {
        match event {
            Event::StageStarted { stage, .. } => {
                self.note(target, |lane, now| lane.begin(stage, now));
            }
            Event::StepStarted { step, .. } => self.note(target, |lane, now| lane.begin(step, now)),
            Event::StageFinished { stage, .. } => {
                self.note(target, |lane, now| lane.end(stage, now, false));
            }
            Event::StageFailed { stage, .. } => {
                self.note(target, |lane, now| lane.end(stage, now, true));
            }
            Event::StepFinished {
                step, exit_code, ..
            } => self.note(target, |lane, now| lane.end(step, now, *exit_code != 0)),
            Event::Note(Note::OnNode { node, .. }) => {
                self.note(target, |lane, _| lane.node = Some(node.clone()));
            }
            _ => {}
        }
        self.display.event(target, phase, event);
    }

    fn ended(&self, target: &str, outcome: &Outcome, took: Duration) {
        self.note(target, |lane, now| {
            // What never ended is what failed.
            if let Some((outermost, _)) = lane.open.first().cloned() {
                lane.open.truncate(1);
                lane.end(&outermost, now, true);
            }
        });
        self.display.ended(target, outcome, took);
    }

    fn tell(&self, event: &Event) {
        self.display.tell(event);
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
