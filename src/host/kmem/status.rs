//! What a walk found.

use serde::Serialize;

use super::accounting::{Accounting, Reason};
use super::kind::Level;
use super::system::System;
use crate::host::Hierarchy;

/// How much is kept of single cgroups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The first few of those that are worth a look.
    Few,
    /// All that are judged.
    All,
}

/// Whether kernel-memory accounting is on on a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// In one cgroup at least.
    On,
    /// In none, of some that tell.
    Off,
    /// No cgroup tells, or not all do.
    CannotTell,
}

/// All that is known of a machine at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Status {
    /// What it comes to.
    pub verdict: Verdict,
    /// The folder that was walked; none when there is none.
    pub root: Option<String>,
    /// The kernel's own figures.
    pub system: System,
    /// The cgroups by what they are, each level that there are any of.
    pub levels: Vec<LevelCounts>,
    /// Cgroups found, the root included.
    pub cgroups: u64,
    /// Those without a process in them or below them.
    pub without_processes: u64,
    /// Removed cgroups that the kernel still keeps; known when the whole hierarchy was walked, and the kernel [counts
    /// them](System::counts_removed).
    pub removed: Option<u64>,
    /// Kernel memory in bytes that the cgroups of kubelet and of runtimes are charged with; none when no file tells.
    pub kernel_memory: Option<u64>,
    /// Single cgroups: all that are judged, or the first few with accounting on and of which nothing can be told.
    pub shown: Vec<CgroupState>,
    /// What could not be read, the first few.
    pub problems: Vec<Problem>,
    /// How many problems there were.
    pub problem_count: u64,
}

/// The cgroups of one level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LevelCounts {
    /// The level.
    pub level: Level,
    /// How many there are.
    pub cgroups: u64,
    /// Those with accounting.
    pub on: u64,
    /// Those without.
    pub off: u64,
    /// Those of which nothing can be told.
    pub cannot_tell: u64,
    /// Those without the file.
    pub no_controller: u64,
    /// Those without a process in them or below them.
    pub without_processes: u64,
}

/// One cgroup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CgroupState {
    /// Its path below the root.
    pub cgroup: String,
    /// What it is.
    pub level: Level,
    /// What was found out.
    pub accounting: Accounting,
    /// By what.
    pub reason: Reason,
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Problem {
    /// The cgroup's path below the root; none for what concerns no cgroup.
    pub cgroup: Option<String>,
    /// What happened.
    pub text: String,
}

/// Cgroups and problems that are shown where not all are.
const FEW: usize = 10;

impl Status {
    /// The status of a machine without anything to walk, which `problem` explains.
    pub fn without_hierarchy(system: System, problem: String) -> Self {
        Self {
            verdict: Verdict::CannotTell,
            root: None,
            system,
            levels: Vec::new(),
            cgroups: 0,
            without_processes: 0,
            removed: None,
            kernel_memory: None,
            shown: Vec::new(),
            problems: vec![Problem {
                cgroup: None,
                text: problem,
            }],
            problem_count: 1,
        }
    }

    /// Cgroups of all levels that were found to be like that.
    pub fn count(&self, accounting: Accounting) -> u64 {
        self.levels
            .iter()
            .map(|counts| counts.count(accounting))
            .sum()
    }
}

impl LevelCounts {
    fn new(level: Level) -> Self {
        Self {
            level,
            cgroups: 0,
            on: 0,
            off: 0,
            cannot_tell: 0,
            no_controller: 0,
            without_processes: 0,
        }
    }

    /// Cgroups of this level that were found to be like that.
    pub fn count(&self, accounting: Accounting) -> u64 {
        match accounting {
            Accounting::On => self.on,
            Accounting::Off => self.off,
            Accounting::CannotTell => self.cannot_tell,
            Accounting::NoController => self.no_controller,
        }
    }
}

/// What one visited cgroup leaves behind: there may be tens of thousands.
struct Visited {
    parent: Option<u32>,
    level: Level,
    processes: bool,
}

/// What a walk gathers.
pub(super) struct Found {
    detail: Detail,
    visited: Vec<Visited>,
    levels: Vec<LevelCounts>,
    shown: Vec<CgroupState>,
    /// Of how many cgroups with accounting, and of how many of which nothing can be told, is something shown.
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
            levels: Level::ALL.map(LevelCounts::new).into(),
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

    /// Adds what an outermost cgroup is charged with, in bytes.
    pub(super) fn kernel_memory(&mut self, bytes: Option<u64>) {
        if let Some(bytes) = bytes {
            self.kernel_memory = Some(self.kernel_memory.unwrap_or(0).saturating_add(bytes));
        }
    }

    /// Takes in one cgroup and gives it a number.
    pub(super) fn cgroup(
        &mut self,
        parent: Option<u32>,
        path: &[u8],
        level: Level,
        reason: Option<Reason>,
        processes: bool,
    ) -> u32 {
        // Kernels have 65,535 at most, and memory would end before four billions.
        let number = u32::try_from(self.visited.len()).unwrap_or(u32::MAX);
        self.visited.push(Visited {
            parent,
            level,
            processes,
        });
        let counts = &mut self.levels[level as usize];
        counts.cgroups += 1;
        if let Some(reason) = reason {
            let accounting = reason.accounting();
            match accounting {
                Accounting::On => counts.on += 1,
                Accounting::Off => counts.off += 1,
                Accounting::CannotTell => counts.cannot_tell += 1,
                Accounting::NoController => counts.no_controller += 1,
            }
            if self.is_shown(accounting) {
                self.shown.push(CgroupState {
                    cgroup: display(path),
                    level,
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
        // A cgroup is visited after the one that it is in, so that those within are looked at first from behind.
        for number in (0..self.visited.len()).rev() {
            let Visited {
                parent,
                level,
                processes,
            } = self.visited[number];
            if !processes {
                self.levels[level as usize].without_processes += 1;
            } else if let Some(parent) = parent {
                self.visited[parent as usize].processes = true;
            }
        }
        let levels = self.levels;
        let verdict = verdict(&levels);
        let cgroups = self.visited.len() as u64;
        let without_processes = levels.iter().map(|counts| counts.without_processes).sum();
        self.shown
            .sort_by(|a, b| (a.accounting, &a.cgroup).cmp(&(b.accounting, &b.cgroup)));
        Status {
            verdict,
            root: Some(hierarchy.root.display().to_string()),
            levels: levels
                .into_iter()
                .filter(|counts| counts.cgroups > 0)
                .collect(),
            cgroups,
            without_processes,
            // Others may have come or gone since the kernel counted.
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

fn verdict(levels: &[LevelCounts]) -> Verdict {
    let sum = |what: fn(&LevelCounts) -> u64, proof: bool| -> u64 {
        let counted = levels
            .iter()
            .filter(|counts| !proof || counts.level.is_proof());
        counted.map(what).sum()
    };
    if sum(|counts| counts.on, false) > 0 {
        Verdict::On
    } else if sum(|counts| counts.off, true) == 0
        || sum(|counts| counts.cannot_tell + counts.no_controller, true) > 0
    {
        Verdict::CannotTell
    } else {
        Verdict::Off
    }
}

/// A cgroup as it is named in /proc/PID/cgroup.
fn display(path: &[u8]) -> String {
    if path.is_empty() {
        return "/".to_owned();
    }
    format!("/{}", String::from_utf8_lossy(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(level: Level, on: u64, off: u64, cannot_tell: u64) -> LevelCounts {
        LevelCounts {
            on,
            off,
            cannot_tell,
            ..LevelCounts::new(level)
        }
    }

    #[test]
    fn removed_cgroups_are_told_where_the_kernel_counts_them() {
        let removed = |kernel: &str, whole| {
            let mut found = Found::new(Detail::Few);
            found.cgroup(None, b"", Level::Other, None, true);
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
        let of = |levels: &[LevelCounts]| verdict(levels);
        assert_eq!(of(&[]), Verdict::CannotTell);
        assert_eq!(of(&[counts(Level::Pod, 0, 3, 0)]), Verdict::Off);
        assert_eq!(of(&[counts(Level::Pod, 0, 3, 1)]), Verdict::CannotTell);
        assert_eq!(of(&[counts(Level::Pod, 1, 3, 1)]), Verdict::On);
        // A folder that nobody ever turned accounting on in says nothing of those who do.
        assert_eq!(of(&[counts(Level::Runtime, 0, 1, 0)]), Verdict::CannotTell);
        assert_eq!(of(&[counts(Level::Nested, 1, 0, 0)]), Verdict::On);
    }
}
