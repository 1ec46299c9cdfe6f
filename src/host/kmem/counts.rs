//! Cgroups, counted by kind.

use serde::Serialize;

use super::accounting::Accounting;
use super::kind::CgroupKind;

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

impl KindCounts {
    /// None of that kind.
    pub(super) fn new(kind: CgroupKind) -> Self {
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
