//! What is known about a machine at one moment: the result of a walk.

use serde::Serialize;

use super::accounting::{Accounting, Reason};
use super::counts::KindCounts;
use super::error::HierarchyError;
use super::kind::CgroupKind;
use super::owner::Owner;
use super::system::System;
use super::verdict::Verdict;
use crate::failure::with_causes;
use crate::host::Kernel;

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

#[cfg(test)]
mod tests {
    use super::*;

    fn system(kernel: &str, nokmem: bool) -> System {
        System {
            kernel: kernel.to_owned(),
            slabs: None,
            memory_cgroups: None,
            nokmem,
        }
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
