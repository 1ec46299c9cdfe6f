//! The result of a walk.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::accounting::{Accounting, Reason};
use super::error::HierarchyError;
use super::kind::CgroupKind;
use super::owner::Owner;
use super::system::System;
use crate::failure::with_causes;
use crate::host::{Hierarchy, Kernel};

/// How many single cgroups are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The first few that are worth a look.
    Few,
    /// All that are judged.
    All,
}

/// Whether kernel-memory accounting is on on a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// In at least one cgroup, because a program turned it on.
    On,
    /// In every cgroup, because the kernel accounts by itself. Such kernels do not leak by it.
    ByKernel,
    /// In no cgroup, and at least one of kubelet or of a container proves it, or the kernel's command line.
    Off,
    /// No cgroup proves anything, or some could not be judged; but accounting does not leak here, whoever turns it on.
    DoesNotLeak,
    /// No cgroup proves anything, or some could not be judged.
    CannotTell,
}

/// Everything known about a machine at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Status {
    /// The conclusion.
    pub verdict: Verdict,
    /// The directory that was walked; `None` if there is none.
    pub root: Option<String>,
    /// The kernel's own figures.
    pub system: System,
    /// Counts by kind, for the kinds that exist.
    #[serde(rename = "levels")]
    pub kinds: Vec<KindCounts>,
    /// Owners of the cgroups with accounting.
    pub owners: Vec<OwnerCount>,
    /// Number of cgroups found, including the root.
    pub cgroups: u64,
    /// Of these, cgroups without a process in them or below them.
    pub without_processes: u64,
    /// Removed cgroups that the kernel still keeps; known if the complete hierarchy was walked and the kernel [counts
    /// them](System::counts_removed).
    pub removed: Option<u64>,
    /// Kernel memory in bytes charged to the cgroups of kubelet and of runtimes; `None` if it could not be read.
    pub kernel_memory: Option<u64>,
    /// Single cgroups: all that are judged, or the first few with accounting and the first few that could not be judged.
    pub shown: Vec<CgroupState>,
    /// What could not be read; the first few problems.
    pub problems: Vec<Problem>,
    /// The total number of problems.
    pub problem_count: u64,
}

/// The cgroups of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct KindCounts {
    /// The kind.
    #[serde(rename = "level")]
    pub kind: CgroupKind,
    /// How many there are.
    pub cgroups: u64,
    /// With accounting.
    pub on: u64,
    /// Without accounting.
    pub off: u64,
    /// Could not be determined.
    pub cannot_tell: u64,
    /// Without the file.
    pub no_controller: u64,
    /// Without a process in them or below them.
    pub without_processes: u64,
}

/// The cgroups of one owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct OwnerCount {
    /// Who made them.
    pub owner: Owner,
    /// With accounting.
    pub on: u64,
}

/// One cgroup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CgroupState {
    /// Its path below the root.
    pub cgroup: String,
    /// What it is.
    #[serde(rename = "level")]
    pub kind: CgroupKind,
    /// Who made it.
    pub owner: Owner,
    /// What was found.
    pub accounting: Accounting,
    /// The evidence.
    pub reason: Reason,
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Problem {
    /// The cgroup's path below the root; `None` if the problem is not about a cgroup.
    pub cgroup: Option<String>,
    /// What happened.
    pub text: String,
}

/// How many cgroups and problems are shown by default.
const FEW: usize = 10;

impl Status {
    /// The status of a machine without a hierarchy to walk, for that reason.
    pub fn without_hierarchy(system: System, reason: &HierarchyError) -> Self {
        let harmless = match reason {
            HierarchyError::Unified { .. } => true,
            HierarchyError::None | HierarchyError::Mounts { .. } => {
                system.leaks() == Kernel::NotAffected
            }
            // This directory was to be judged, and was not.
            HierarchyError::NoCgroup { .. } | HierarchyError::Root { .. } => false,
        };
        Self {
            verdict: if harmless {
                Verdict::DoesNotLeak
            } else {
                Verdict::CannotTell
            },
            root: None,
            system,
            kinds: Vec::new(),
            owners: Vec::new(),
            cgroups: 0,
            without_processes: 0,
            removed: None,
            kernel_memory: None,
            shown: Vec::new(),
            problems: vec![Problem {
                cgroup: None,
                text: with_causes(reason),
            }],
            problem_count: 1,
        }
    }

    /// Whether nothing speaks against it that accounting is off, and only because there are no cgroups of kubelet or of
    /// containers nothing proves it.
    pub fn is_idle(&self) -> bool {
        let has_proof = self.kinds.iter().any(|counts| counts.kind.is_proof());
        self.verdict == Verdict::CannotTell
            && self.root.is_some()
            && !has_proof
            && self.count(Accounting::CannotTell) == 0
    }

    /// The number of cgroups of all kinds with this result.
    pub fn count(&self, accounting: Accounting) -> u64 {
        self.kinds
            .iter()
            .map(|counts| counts.count(accounting))
            .sum()
    }
}

impl KindCounts {
    fn new(kind: CgroupKind) -> Self {
        Self {
            kind,
            cgroups: 0,
            on: 0,
            off: 0,
            cannot_tell: 0,
            no_controller: 0,
            without_processes: 0,
        }
    }

    /// The number of cgroups of this kind with this result.
    pub fn count(&self, accounting: Accounting) -> u64 {
        match accounting {
            Accounting::On => self.on,
            Accounting::Off => self.off,
            Accounting::CannotTell => self.cannot_tell,
            Accounting::NoController => self.no_controller,
        }
    }
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
        let verdict = verdict(&system, &kinds);
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

fn verdict(system: &System, kinds: &[KindCounts]) -> Verdict {
    let sum = |what: fn(&KindCounts) -> u64, proof: bool| -> u64 {
        let counted = kinds
            .iter()
            .filter(|counts| !proof || counts.kind.is_proof());
        counted.map(what).sum()
    };
    let (on, unknown) = (
        sum(|counts| counts.on, false),
        sum(|counts| counts.cannot_tell, false),
    );
    let proven = sum(|counts| counts.off, true) > 0;
    let judged = sum(|counts| counts.on + counts.off + counts.cannot_tell, false);
    let no_controller = sum(|counts| counts.no_controller, false);
    if system.accounts_by_itself()
        && (on > 0 || !proven || unknown > 0)
        // Without the file in any of them, this kernel was built without kernel-memory accounting.
        && (judged > 0 || no_controller == 0)
    {
        Verdict::ByKernel
    } else if on > 0 {
        Verdict::On
    } else if system.never_accounts() {
        Verdict::Off
    } else if !proven || unknown > 0 || sum(|counts| counts.no_controller, true) > 0 {
        match system.leaks() {
            Kernel::NotAffected => Verdict::DoesNotLeak,
            Kernel::Affected | Kernel::Unclear => Verdict::CannotTell,
        }
    } else {
        Verdict::Off
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

    fn counts(kind: CgroupKind, on: u64, off: u64, cannot_tell: u64) -> KindCounts {
        KindCounts {
            on,
            off,
            cannot_tell,
            ..KindCounts::new(kind)
        }
    }

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

    #[test]
    fn off_is_only_what_is_proven_for_all() {
        let of = |kinds: &[KindCounts]| verdict(&system("3.10.0-1160.el7.x86_64", false), kinds);
        assert_eq!(of(&[]), Verdict::CannotTell);
        assert_eq!(of(&[counts(CgroupKind::Pod, 0, 3, 0)]), Verdict::Off);
        assert_eq!(of(&[counts(CgroupKind::Pod, 0, 3, 1)]), Verdict::CannotTell);
        assert_eq!(of(&[counts(CgroupKind::Pod, 1, 3, 1)]), Verdict::On);
        // A directory for which nobody ever turned accounting on proves nothing about programs that do.
        assert_eq!(
            of(&[counts(CgroupKind::Runtime, 0, 1, 0)]),
            Verdict::CannotTell
        );
        assert_eq!(of(&[counts(CgroupKind::Nested, 1, 0, 0)]), Verdict::On);
        // Whoever made a cgroup: it leaks, or could.
        let pods = counts(CgroupKind::Pod, 0, 3, 0);
        let others = |on, off, cannot_tell| counts(CgroupKind::Other, on, off, cannot_tell);
        assert_eq!(of(&[pods.clone(), others(1, 5, 0)]), Verdict::On);
        assert_eq!(of(&[pods.clone(), others(0, 5, 0)]), Verdict::Off);
        assert_eq!(of(&[pods, others(0, 5, 1)]), Verdict::CannotTell);
        assert_eq!(of(&[others(0, 5, 0)]), Verdict::CannotTell);
    }

    fn system(kernel: &str, nokmem: bool) -> System {
        System {
            kernel: kernel.to_owned(),
            slabs: None,
            memory_cgroups: None,
            nokmem,
        }
    }

    #[test]
    fn nobody_turned_on_what_the_kernel_does_by_itself() {
        let all_on = [
            counts(CgroupKind::Pod, 3, 0, 0),
            counts(CgroupKind::Other, 9, 0, 0),
        ];
        let unknown = [counts(CgroupKind::Pod, 0, 0, 3)];
        for kernel in ["4.6.0", "4.19.0-26-amd64", "5.8.18", "5.10.0", "6.18.44"] {
            assert_eq!(verdict(&system(kernel, false), &all_on), Verdict::ByKernel);
            assert_eq!(verdict(&system(kernel, false), &unknown), Verdict::ByKernel);
            assert_eq!(verdict(&system(kernel, false), &[]), Verdict::ByKernel);
            assert_eq!(verdict(&system(kernel, true), &unknown), Verdict::Off);
        }
        for (kernel, otherwise) in [
            ("3.10.0", Verdict::CannotTell),
            ("4.3.6", Verdict::CannotTell),
            ("4.4.0-210-generic", Verdict::DoesNotLeak),
            ("4.5.7", Verdict::DoesNotLeak),
        ] {
            for nokmem in [false, true] {
                assert_eq!(verdict(&system(kernel, nokmem), &all_on), Verdict::On);
                assert_eq!(verdict(&system(kernel, nokmem), &unknown), otherwise);
            }
        }
        let without = KindCounts {
            no_controller: 3,
            ..KindCounts::new(CgroupKind::Pod)
        };
        assert_eq!(
            verdict(&system("4.19.0", false), &[without]),
            Verdict::DoesNotLeak
        );
    }

    #[test]
    fn without_a_hierarchy_it_is_said_only_where_nothing_leaks_that_it_does_not_matter() {
        let of = |kernel: &str, reason: &HierarchyError| {
            Status::without_hierarchy(system(kernel, false), reason).verdict
        };
        let unified = HierarchyError::Unified {
            at: "/sys/fs/cgroup".into(),
        };
        let named = HierarchyError::NoCgroup {
            path: "/tmp".into(),
        };
        for (kernel, reason, verdict) in [
            ("3.10.0", &HierarchyError::None, Verdict::CannotTell),
            ("6.18.44", &HierarchyError::None, Verdict::DoesNotLeak),
            ("6.18.44", &unified, Verdict::DoesNotLeak),
            ("6.18.44", &named, Verdict::CannotTell),
        ] {
            assert_eq!(of(kernel, reason), verdict, "{kernel} {reason}");
        }
    }
}
