//! The combinations of an entry of a release file, found by their versions and architectures.

use std::collections::BTreeMap;

use super::options::Options;
use super::target::Target;
use crate::recipe::{Architecture, Version};

/// Targets of one recipe, of which some are removed or get other options. An entry may have as many such exceptions as
/// targets, so none of them looks at all targets.
#[derive(Default)]
pub(super) struct Combinations {
    /// In the order of the file; `None` for those that were removed.
    targets: Vec<Option<Combination>>,
    by_version: BTreeMap<Key, Vec<usize>>,
    by_architecture: BTreeMap<Option<Architecture>, Group>,
}

struct Combination {
    target: Target,
    /// How many of its group's options were set before it was added.
    since: usize,
    /// Options that were set for its version, each with the number of the group's options that were set before.
    own: Vec<(usize, Options)>,
}

/// The targets of an architecture.
#[derive(Default)]
struct Group {
    /// How many there are.
    number: usize,
    /// All that were not removed together.
    targets: Vec<usize>,
    /// Options that were set for all of them, in order.
    options: Vec<Options>,
}

/// By what a version is found: two spellings of a version are one.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Version(Version),
    /// A commit, or another text that is no version.
    Text(String),
}

impl Key {
    fn of(version: &str) -> Self {
        match version.parse() {
            Ok(version) => Self::Version(version),
            Err(_) => Self::Text(version.to_owned()),
        }
    }
}

impl Combinations {
    /// Adds a target behind the others.
    pub(super) fn add(&mut self, target: Target) {
        let index = self.targets.len();
        if let Some(version) = &target.version {
            let same = self.by_version.entry(Key::of(version)).or_default();
            same.push(index);
        }
        let group = self.by_architecture.entry(target.arch.clone());
        let group = group.or_default();
        group.number += 1;
        group.targets.push(index);
        self.targets.push(Some(Combination {
            target,
            since: group.options.len(),
            own: Vec::new(),
        }));
    }

    /// Removes those that match both; returns whether there were any.
    pub(super) fn remove(&mut self, version: Option<&str>, arch: Option<&Architecture>) -> bool {
        let mut removed = false;
        let found = if let Some(version) = version {
            self.of_version(version, arch)
        } else {
            let groups = self.by_architecture.iter_mut();
            let groups = groups.filter(|(of, _)| is_of(of.as_ref(), arch));
            let targets = groups.map(|(_, group)| std::mem::take(&mut group.targets));
            targets.flatten().collect()
        };
        for index in found {
            let Some(combination) = self.targets[index].take() else {
                continue;
            };
            removed = true;
            if let Some(group) = self.by_architecture.get_mut(&combination.target.arch) {
                group.number -= 1;
            }
        }
        removed
    }

    /// Sets options of those that match both; returns whether there were any.
    pub(super) fn set(
        &mut self,
        version: Option<&str>,
        arch: Option<&Architecture>,
        options: &Options,
    ) -> bool {
        let mut found = false;
        let Some(version) = version else {
            for (of, group) in &mut self.by_architecture {
                if group.number > 0 && is_of(of.as_ref(), arch) {
                    found = true;
                    group.options.push(options.clone());
                }
            }
            return found;
        };
        for index in self.of_version(version, arch) {
            if let Some(combination) = &mut self.targets[index] {
                found = true;
                let group = self.by_architecture.get(&combination.target.arch);
                let before = group.map_or(0, |group| group.options.len());
                combination.own.push((before, options.clone()));
            }
        }
        found
    }

    /// The targets that are left, with their options.
    pub(super) fn into_targets(self) -> Vec<Target> {
        let groups = self.by_architecture.into_iter();
        let later: BTreeMap<_, _> = groups
            .map(|(arch, group)| (arch, Later::of(group.options)))
            .collect();
        let left = self.targets.into_iter().flatten();
        left.map(|combination| {
            let Combination {
                mut target,
                since,
                own,
            } = combination;
            if let Some(later) = later.get(&target.arch) {
                later.put_over(since, &mut target.options);
                for (before, options) in own {
                    target.options = options.over(&target.options);
                    later.put_over(before, &mut target.options);
                }
            }
            target
        })
        .collect()
    }

    fn of_version(&self, version: &str, arch: Option<&Architecture>) -> Vec<usize> {
        let same = self.by_version.get(&Key::of(version)).into_iter().flatten();
        let is_meant = |index: &usize| {
            let combination = self.targets[*index].as_ref();
            combination.is_some_and(|found| is_of(found.target.arch.as_ref(), arch))
        };
        same.copied().filter(is_meant).collect()
    }
}

/// Whether a target of the architecture `of` is meant by `arch`.
fn is_of(of: Option<&Architecture>, arch: Option<&Architecture>) -> bool {
    arch.is_none_or(|arch| of == Some(arch))
}

/// For each of a group's options all that were set from it on, as one: the last one that sets a field counts.
struct Later(Vec<Options>);

impl Later {
    fn of(options: Vec<Options>) -> Self {
        let mut later: Vec<Options> = Vec::with_capacity(options.len());
        for options in options.into_iter().rev() {
            let all = match later.last() {
                Some(after) => after.over(&options),
                None => options,
            };
            later.push(all);
        }
        later.reverse();
        Self(later)
    }

    /// Puts all from `since` on over options. What was set for one version in between is put over again afterwards, and
    /// then those that came later, so that the last one counts in any case.
    fn put_over(&self, since: usize, options: &mut Options) {
        if let Some(later) = self.0.get(since) {
            *options = later.over(options);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::comparisons;

    fn target(version: &str, arch: &str) -> Target {
        Target {
            recipe: "tool".parse().unwrap(),
            version: Some(version.to_owned()),
            arch: Some(arch.parse().unwrap()),
            variant: None,
            packages: Vec::new(),
            options: Options::default(),
        }
    }

    fn jobs(jobs: u32) -> Options {
        Options {
            jobs: Some(jobs),
            ..Options::default()
        }
    }

    fn forced() -> Options {
        Options {
            force: Some(true),
            ..Options::default()
        }
    }

    #[test]
    fn the_last_option_that_was_set_for_a_target_counts() {
        let arm: Architecture = "arm64".parse().unwrap();
        let mut all = Combinations::default();
        for version in ["v1.0", "v1.1"] {
            for arch in ["amd64", "arm64"] {
                all.add(target(version, arch));
            }
        }
        assert!(all.set(None, None, &jobs(1)));
        assert!(all.set(None, Some(&arm), &forced()));
        // Another spelling of v1.0.
        assert!(all.set(Some("1.00"), None, &jobs(2)));
        assert!(all.set(None, Some(&arm), &jobs(3)));
        assert!(all.set(Some("v1.1"), Some(&arm), &jobs(4)));
        assert!(!all.set(Some("v2"), None, &jobs(5)));
        // It was not there when the others were set.
        all.add(target("v2", "arm64"));
        let found: Vec<_> = all
            .into_targets()
            .into_iter()
            .map(|target| {
                (
                    target.name(None, None),
                    target.options.jobs,
                    target.options.force,
                )
            })
            .collect();
        let expected = [
            ("tool/v1.0/linux-amd64", Some(2), None),
            ("tool/v1.0/linux-arm64", Some(3), Some(true)),
            ("tool/v1.1/linux-amd64", Some(1), None),
            ("tool/v1.1/linux-arm64", Some(4), Some(true)),
            ("tool/v2/linux-arm64", None, None),
        ];
        assert_eq!(
            found,
            expected.map(|(label, jobs, force)| (label.to_owned(), jobs, force))
        );
    }

    #[test]
    fn what_was_removed_is_not_found_again() {
        let arm: Architecture = "arm64".parse().unwrap();
        let mut all = Combinations::default();
        for version in ["v1.0", "v1.1", "0123abc"] {
            for arch in ["amd64", "arm64"] {
                all.add(target(version, arch));
            }
        }
        assert!(all.remove(Some("1.0"), None) && !all.remove(Some("v1.0"), None));
        assert!(all.remove(Some("0123abc"), Some(&arm)));
        assert!(all.remove(None, Some(&arm)) && !all.remove(None, Some(&arm)));
        assert!(!all.set(None, Some(&arm), &jobs(1)));
        let left = all.into_targets();
        let left: Vec<_> = left.iter().map(|target| target.name(None, None)).collect();
        assert_eq!(left, ["tool/v1.1/linux-amd64", "tool/0123abc/linux-amd64"]);
    }

    #[test]
    fn as_many_exceptions_as_versions_do_not_look_at_all_versions_each() {
        const MANY: usize = 4000;
        let mut all = Combinations::default();
        for patch in 0..MANY {
            all.add(target(&format!("v1.{patch}"), "amd64"));
        }
        let before = comparisons();
        for patch in 0..MANY {
            let version = format!("1.{patch}");
            if patch % 2 == 0 {
                assert!(all.remove(Some(&version), None));
            } else {
                assert!(all.set(Some(&version), None, &jobs(1)));
                assert!(all.set(None, None, &jobs(2)));
            }
        }
        // A look at every version would take sixteen million.
        assert!(comparisons() - before < MANY * 64);
        assert_eq!(all.into_targets().len(), MANY / 2);
    }
}
