//! The figures of `kmem watch`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};

use super::accounting::Accounting;
use super::status::Status;

/// Version of the CSV format, in its first column.
pub const SAMPLE_FORMAT: u32 = 1;

/// The figures of a machine at one moment. Unknown figures are `None`, and empty in CSV.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// [`SAMPLE_FORMAT`].
    pub format: u32,
    /// When it was taken; written in milliseconds, all with the same number of digits, so that a sort by text is one by
    /// time.
    #[serde(serialize_with = "in_milliseconds")]
    pub time: Timestamp,
    /// Entries of /sys/kernel/slab.
    pub slab_caches: Option<u64>,
    /// Memory cgroups in /proc/cgroups; before kernel 3.19 without removed ones that are still kept.
    pub memory_cgroups: Option<u64>,
    /// Memory cgroups found by the walk.
    pub cgroups_found: Option<u64>,
    /// Of these, cgroups without a process in them or below them.
    pub cgroups_without_processes: Option<u64>,
    /// Of these, cgroups with accounting.
    pub cgroups_on: Option<u64>,
    /// Kernel memory in bytes charged to the cgroups of kubelet and of runtimes.
    pub kernel_memory_bytes: Option<u64>,
}

fn in_milliseconds<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{time:.3}"))
}

impl Sample {
    /// The figures in a status that was read at `time`.
    pub fn of(status: &Status, time: Timestamp) -> Self {
        let walked = |value: u64| status.root.as_ref().map(|_| value);
        Self {
            format: SAMPLE_FORMAT,
            time,
            slab_caches: status.system.slabs,
            memory_cgroups: status.system.memory_cgroups,
            cgroups_found: walked(status.cgroups),
            cgroups_without_processes: walked(status.without_processes),
            cgroups_on: walked(status.count(Accounting::On)),
            kernel_memory_bytes: status.kernel_memory,
        }
    }

    /// Seconds since `first`; 0 if the clock was set back in between.
    pub fn seconds_since(&self, first: &Self) -> f64 {
        self.time.duration_since(first.time).as_secs_f64().max(0.0)
    }
}
