//! Which targets of a release are in which of its parts.

use std::collections::BTreeMap;
use std::path::Path;

use glob::Pattern;

use super::error::ReleaseError;
use crate::artifacts::{Index, IndexHow, IndexTarget, read_index_file};

/// How long the targets of an earlier release took to build, in milliseconds, by the directories of their results.
#[derive(Debug, Default)]
pub(super) struct Durations(BTreeMap<String, u64>);

impl Durations {
    /// Those of the release whose index that is. What was not built in its run is not among them.
    ///
    /// # Errors
    /// [`ReleaseError::Durations`].
    pub(super) fn read(path: &Path) -> Result<Self, ReleaseError> {
        let index = read_index_file(path).map_err(|source| ReleaseError::Durations {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self::of(&index))
    }

    fn of(index: &Index) -> Self {
        let built = index.targets.iter();
        let built = built.filter(|target| target.how == Some(IndexHow::Built));
        Self(
            built
                .map(|target| (target.folder(), took(target)))
                .collect(),
        )
    }

    /// That of a target; of one whose architecture is the engine's, that of any architecture.
    fn of_target(&self, name: &str) -> Option<u64> {
        if let Some(known) = self.0.get(name) {
            return Some(*known);
        }
        let pattern = Pattern::new(name).ok()?;
        let mut known = self.0.iter();
        known
            .find(|(folder, _)| pattern.matches(folder))
            .map(|(_, took)| *took)
    }
}

/// From the begin of its first stage to the end of its last one.
fn took(target: &IndexTarget) -> u64 {
    let begin = target.stages.iter().map(|stage| stage.after).min();
    let ends = target.stages.iter();
    let end = ends
        .map(|stage| stage.after.saturating_add(stage.milliseconds))
        .max();
    end.unwrap_or_default()
        .saturating_sub(begin.unwrap_or_default())
}

/// The number of the part that each target is in, for `of` parts: each target is in one, and the longest part is short. The
/// same names and durations give the same parts, on every machine. Targets of unknown duration count as much as the one in the
/// middle of the known ones.
pub(super) fn assign(names: &[String], durations: &Durations, of: u32) -> Vec<u32> {
    let mut known: Vec<_> = durations.0.values().copied().collect();
    known.sort_unstable();
    let middle = known.get(known.len() / 2).copied().unwrap_or(1).max(1);
    let mut targets: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(index, name)| (durations.of_target(name).unwrap_or(middle), name, index))
        .collect();
    // The longest first, each to the part that has least so far: at most a third more than the best that there is.
    targets.sort_by(|one, other| {
        let longest_first = other.0.cmp(&one.0);
        longest_first
            .then_with(|| one.1.cmp(other.1))
            .then(one.2.cmp(&other.2))
    });
    let mut loads = vec![(0_u64, 0_u32); of as usize];
    let mut parts = vec![1; names.len()];
    for (took, _, index) in targets {
        // Of parts with as little the one with the fewest targets, and of those the first.
        let least = (0..loads.len())
            .min_by_key(|part| loads[*part])
            .unwrap_or_default();
        loads[least].0 = loads[least].0.saturating_add(took);
        loads[least].1 += 1;
        parts[index] = u32::try_from(least).unwrap_or_default() + 1;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<String> {
        (0..count)
            .map(|n| format!("runc/v1.0.{n}/linux-amd64"))
            .collect()
    }

    fn loads(names: &[String], durations: &Durations, of: u32) -> Vec<u64> {
        let mut loads = vec![0; of as usize];
        for (name, part) in names.iter().zip(assign(names, durations, of)) {
            loads[part as usize - 1] += durations.of_target(name).unwrap_or(1);
        }
        loads
    }

    #[test]
    fn without_durations_the_parts_have_as_many_targets() {
        let loads = loads(&names(20), &Durations::default(), 6);
        assert_eq!(loads, [4, 4, 3, 3, 3, 3]);
    }

    #[test]
    fn long_targets_are_spread_and_the_order_of_the_file_does_not_matter() {
        let names = names(12);
        let took = |index: usize| if index < 2 { 600 } else { 60 };
        let known = names.iter().enumerate();
        let durations = Durations(
            known
                .map(|(index, name)| (name.clone(), took(index)))
                .collect(),
        );
        assert_eq!(loads(&names, &durations, 3), [600, 600, 600]);
        let parts = assign(&names, &durations, 3);
        let mut turned = names.clone();
        turned.reverse();
        let mut again = assign(&turned, &durations, 3);
        again.reverse();
        assert_eq!(parts, again);
    }

    #[test]
    fn there_may_be_more_parts_than_targets() {
        assert_eq!(assign(&names(2), &Durations::default(), 4), [1, 2]);
    }

    #[test]
    fn a_target_of_the_engines_architecture_has_the_duration_of_any() {
        let durations = Durations([("runc/v1/linux-arm64".to_owned(), 9)].into());
        assert_eq!(durations.of_target("runc/v1/linux-*"), Some(9));
        assert_eq!(durations.of_target("runc/v2/linux-*"), None);
    }
}
