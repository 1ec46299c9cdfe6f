//! The one run that the runs of several parts are told as.

use jiff::Timestamp;

use crate::artifacts::{Index, IndexRun, IndexTarget};

/// When each of several runs began, and when the last one ended.
pub(super) struct RunTimes {
    begin: Option<Timestamp>,
    milliseconds: u64,
}

impl RunTimes {
    /// Those of the indexes of the runs.
    pub(super) fn of<'a>(indexes: impl Iterator<Item = &'a Index> + Clone) -> Self {
        let begin = indexes.clone().filter_map(begun).min();
        let ends = indexes.map(|index| {
            let run = index.run.as_ref().map_or(0, |run| run.milliseconds);
            after(begin, index).saturating_add(run)
        });
        let milliseconds = ends.max().unwrap_or_default();
        Self {
            begin,
            milliseconds,
        }
    }

    /// From the begin of the first to the end of the last.
    pub(super) fn run(&self) -> IndexRun {
        let begin = self.begin.unwrap_or_default();
        IndexRun {
            started_at: begin.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            milliseconds: self.milliseconds,
        }
    }

    /// A target of a part with its stages on the clock of all.
    pub(super) fn shifted(&self, index: &Index, target: &IndexTarget) -> IndexTarget {
        let mut target = target.clone();
        let later = after(self.begin, index);
        for stage in &mut target.stages {
            stage.after = stage.after.saturating_add(later);
        }
        target
    }
}

fn begun(index: &Index) -> Option<Timestamp> {
    index.run.as_ref()?.started_at.parse().ok()
}

/// How long after `begin` that run began, in milliseconds.
fn after(begin: Option<Timestamp>, index: &Index) -> u64 {
    let since = begin.zip(begun(index)).map(|(begin, begun)| {
        begun
            .as_millisecond()
            .saturating_sub(begin.as_millisecond())
    });
    since
        .and_then(|since| u64::try_from(since).ok())
        .unwrap_or_default()
}
