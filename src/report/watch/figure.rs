//! The measured figures.

use bytesize::ByteSize;
use serde::Serialize;

use super::number::thousands;
use crate::host::kmem::{MEMORY_CGROUP_IDS, Sample};

/// A measured figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Figure {
    /// Slab caches of the kernel.
    SlabCaches,
    /// Memory cgroups in use.
    MemoryCgroups,
    /// Memory cgroups without processes.
    WithoutProcesses,
    /// Kernel memory of pods and containers.
    KernelMemory,
}

impl Figure {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::SlabCaches,
        Self::MemoryCgroups,
        Self::WithoutProcesses,
        Self::KernelMemory,
    ];

    /// Its name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::SlabCaches => "slab caches",
            Self::MemoryCgroups => "memory cgroups in use",
            Self::WithoutProcesses => "cgroups without processes",
            Self::KernelMemory => "kernel memory of pods and containers",
        }
    }

    /// The same where there is little room.
    pub(super) fn short_title(self) -> &'static str {
        match self {
            Self::SlabCaches => "slab caches",
            Self::MemoryCgroups => "memory cgroups",
            Self::WithoutProcesses => "without processes",
            Self::KernelMemory => "kernel memory",
        }
    }

    /// What it counts, where its numbers do not say so themselves.
    pub(super) fn unit(self) -> &'static str {
        match self {
            Self::SlabCaches => "caches",
            Self::MemoryCgroups | Self::WithoutProcesses => "cgroups",
            Self::KernelMemory => "",
        }
    }

    /// Its value in a sample, if known.
    pub fn value(self, sample: &Sample) -> Option<u64> {
        match self {
            Self::SlabCaches => sample.slab_caches,
            Self::MemoryCgroups => sample.memory_cgroups,
            Self::WithoutProcesses => sample.cgroups_without_processes,
            Self::KernelMemory => sample.kernel_memory_bytes,
        }
    }

    /// The value at which the kernel refuses more of it.
    pub(super) fn limit(self) -> Option<u64> {
        (self == Self::MemoryCgroups).then_some(MEMORY_CGROUP_IDS)
    }

    /// Whether it counts bytes.
    pub fn is_bytes(self) -> bool {
        self == Self::KernelMemory
    }

    /// A value of it for people.
    pub fn show(self, value: u64) -> String {
        if self.is_bytes() {
            ByteSize(value).to_string()
        } else {
            thousands(exact(value))
        }
    }

    /// The same of a number that is not exact, such as a rate, and not below 0.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not below 0, and beyond the largest it is the largest"
    )]
    pub(super) fn show_number(self, number: f64) -> String {
        if self.is_bytes() {
            ByteSize(number as u64).to_string()
        } else {
            thousands(number)
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "what is drawn need not be exact, and counts and bytes of one machine are far below 2^53"
)]
pub(crate) fn exact(value: u64) -> f64 {
    value as f64
}
