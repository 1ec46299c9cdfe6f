//! Collects what a walk finds, and concludes from it.

use std::collections::BTreeMap;

use super::accounting::{Accounting, Reason};
use super::counts::KindCounts;
use super::kind::CgroupKind;
use super::owner::Owner;
use super::status::{CgroupState, OwnerCount, Problem, Status};
use super::system::System;
use super::verdict::Verdict;
use crate::host::Hierarchy;

/// How many cgroups and problems are shown by default.
const FEW: usize = 10;

/// How many single cgroups are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The first few that are worth a look.
    Few,
    /// All that are judged.
    All,
}

/// What is kept of each visited cgroup: there may be tens of thousands.
struct Visited {
    parent: Option<u32>,
    kind: CgroupKind,
    processes: bool,
}

/// Collects the results of a walk.
pub(super) struct Found {
    detail: Detail,
    visited: Vec<Visited>,
    kinds: Vec<KindCounts>,
    owners: BTreeMap<Owner, u64>,
    shown: Vec<CgroupState>,
    /// How many cgroups with accounting, and how many that could not be judged, are shown.
    few: [usize; 2],
    problems: Vec<Problem>,
    problem_count: u64,
    kernel_memory: Option<u64>,
}

impl Found {
    pub(super) fn new(detail: Detail) -> Self {
        Self {
            detail,
            visited: Vec::new(),
            kinds: CgroupKind::ALL.map(KindCounts::new).into(),
            owners: BTreeMap::new(),
            shown: Vec::new(),
            few: [0; 2],
            problems: Vec::new(),
            problem_count: 0,
            kernel_memory: None,
        }
    }

    pub(super) fn problem(&mut self, path: &[u8], text: &str) {
        self.problem_count += 1;
        if self.problems.len() < FEW || self.detail == Detail::All {
            self.problems.push(Problem {
                cgroup: Some(display(path)),
                text: text.to_owned(),
            });
        }
    }

    /// Adds the kernel memory of an outermost cgroup, in bytes.
    pub(super) fn kernel_memory(&mut self, bytes: Option<u64>) {
        if let Some(bytes) = bytes {
            self.kernel_memory = Some(self.kernel_memory.unwrap_or(0).saturating_add(bytes));
        }
    }

    /// Adds one cgroup and returns its number.
    pub(super) fn cgroup(
        &mut self,
        parent: Option<u32>,
        path: &[u8],
        kind: CgroupKind,
        owner: Owner,
        reason: Option<Reason>,
        processes: bool,
    ) -> u32 {
        // Kernels support at most 65,535, and memory would run out before four billion.
        let number = u32::try_from(self.visited.len()).unwrap_or(u32::MAX);
        self.visited.push(Visited {
            parent,
            kind,
            processes,
        });
        let counts = &mut self.kinds[kind as usize];
        counts.cgroups += 1;
        if let Some(reason) = reason {
            let accounting = reason.accounting();
            match accounting {
                Accounting::On => {
                    counts.on += 1;
                    *self.owners.entry(owner).or_default() += 1;
                }
                Accounting::Off => counts.off += 1,
                Accounting::CannotTell => counts.cannot_tell += 1,
                Accounting::NoController => counts.no_controller += 1,
            }
            if self.is_shown(accounting) {
                self.shown.push(CgroupState {
                    cgroup: display(path),
                    kind,
                    owner,
                    accounting,
                    reason,
                });
            }
        }
        number
    }

    fn is_shown(&mut self, accounting: Accounting) -> bool {
        if self.detail == Detail::All {
            return true;
        }
        let few = match accounting {
            Accounting::On => &mut self.few[0],
            Accounting::CannotTell => &mut self.few[1],
            Accounting::Off | Accounting::NoController => return false,
        };
        *few += 1;
        *few <= FEW
    }

    pub(super) fn finish(mut self, hierarchy: &Hierarchy, system: System) -> Status {
        // A cgroup is visited after its parent, so going backwards visits children first.
        for number in (0..self.visited.len()).rev() {
            let Visited {
                parent,
                kind,
                processes,
            } = self.visited[number];
            if !processes {
                self.kinds[kind as usize].without_processes += 1;
            } else if let Some(parent) = parent {
                self.visited[parent as usize].processes = true;
            }
        }
        let kinds = self.kinds;
        let verdict = Verdict::of(&system, &kinds);
        let owners = self.owners.into_iter();
        let cgroups = self.visited.len() as u64;
        let without_processes = kinds.iter().map(|counts| counts.without_processes).sum();
        self.shown
            .sort_by(|a, b| (a.accounting, &a.cgroup).cmp(&(b.accounting, &b.cgroup)));
        Status {
            verdict,
            root: Some(hierarchy.root.display().to_string()),
            kinds: kinds
                .into_iter()
                .filter(|counts| counts.cgroups > 0)
                .collect(),
            owners: owners.map(|(owner, on)| OwnerCount { owner, on }).collect(),
            cgroups,
            without_processes,
            // Cgroups may have come or gone since the kernel counted.
            removed: system
                .memory_cgroups
                .filter(|_| hierarchy.whole && system.counts_removed())
                .map(|in_use| in_use.saturating_sub(cgroups)),
            system,
            kernel_memory: self.kernel_memory,
            shown: self.shown,
            problems: self.problems,
            problem_count: self.problem_count,
        }
    }
}

/// A cgroup's path in the form of /proc/PID/cgroup.
fn display(path: &[u8]) -> String {
    if path.is_empty() {
        return "/".to_owned();
    }
    format!("/{}", String::from_utf8_lossy(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removed_cgroups_are_told_where_the_kernel_counts_them() {
        let removed = |kernel: &str, whole| {
            let mut found = Found::new(Detail::Few);
            found.cgroup(None, b"", CgroupKind::Root, Owner::Unknown, None, true);
            let system = System {
                kernel: kernel.to_owned(),
                slabs: None,
                memory_cgroups: Some(5),
                nokmem: false,
            };
            let root = "/sys/fs/cgroup/memory".into();
            found.finish(&Hierarchy { root, whole }, system).removed
        };
        assert_eq!(removed("4.19.0", true), Some(4));
        assert_eq!(removed("4.19.0", false), None);
        assert_eq!(removed("3.10.0-1127.el7.x86_64", true), None);
    }
}
