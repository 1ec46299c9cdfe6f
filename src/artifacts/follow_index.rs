//! What an index has from the one before it.

use super::index::{Index, IndexHow, IndexResult, IndexTarget};
use crate::plan::canonical_json;

impl Index {
    /// Holds this index of a run against the one `before`, of the same directory. Where nothing is different, it is the one
    /// before again, with the run that it tells of, if `is_trusted` says of its text that it may be; otherwise it says what
    /// moved.
    pub fn follow(&mut self, before: Self, is_trusted: impl FnOnce(&str) -> bool) {
        if self.essence() == before.essence() && is_trusted(&canonical_json(&before)) {
            *self = before;
            return;
        }
        for target in &mut self.targets {
            let earlier = before.targets.iter();
            let mut earlier = earlier.filter(|earlier| earlier.folder() == target.folder());
            target.changes = match earlier.next() {
                Some(earlier) => changes(earlier, target),
                None => vec!["new in this release".to_owned()],
            };
        }
        let folders: Vec<_> = self.targets.iter().map(IndexTarget::folder).collect();
        let earlier = before.targets.iter().map(IndexTarget::folder);
        self.removed = earlier.filter(|folder| !folders.contains(folder)).collect();
    }

    /// The index without what only tells of a run.
    fn essence(&self) -> Self {
        let mut essence = self.clone();
        essence.run = None;
        essence.removed.clear();
        for target in &mut essence.targets {
            target.how = None;
            target.stages.clear();
            target.changes.clear();
        }
        essence
    }
}

/// What moved between two entries of a target.
fn changes(before: &IndexTarget, now: &IndexTarget) -> Vec<String> {
    match (&before.result, &now.result) {
        (
            IndexResult::Published { build: before, .. },
            IndexResult::Published {
                build: build_now, ..
            },
        ) => match (before, build_now) {
            (Some(before), Some(build)) => {
                let mut changes = build.changes_since(before);
                if changes.is_empty() && now.how == Some(IndexHow::Built) {
                    changes.push("built again, to the same bytes".to_owned());
                }
                changes
            }
            _ => Vec::new(),
        },
        (IndexResult::Published { .. }, IndexResult::Failed { .. }) => {
            vec!["fails now; the result is the one before".to_owned()]
        }
        (_, IndexResult::Published { .. }) => vec!["published now".to_owned()],
        (IndexResult::Published { .. }, IndexResult::NotNeeded { .. }) => {
            vec!["not needed now".to_owned()]
        }
        _ => Vec::new(),
    }
}
