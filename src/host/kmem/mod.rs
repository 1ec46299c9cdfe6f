//! Is kernel-memory accounting on in the cgroups of this machine?
//!
//! [`find_hierarchy`] looks for the memory hierarchy, [`walk()`] visits its cgroups and judges those of kubelet and of
//! container runtimes, and [`System::read`] counts what the kernel holds. What cannot be read costs a line among the
//! problems, never the walk: cgroups come and go while one looks.

mod accounting;
mod error;
mod find;
mod kind;
mod sample;
mod status;
mod system;
mod walk;

pub use accounting::{Accounting, Reason};
pub use error::HierarchyError;
pub use find::find_hierarchy;
pub use kind::Level;
pub use sample::{SAMPLE_FORMAT, Sample, SamplesError, read_samples, samples_to_csv};
pub use status::{CgroupState, Detail, LevelCounts, Problem, Status, Verdict};
pub use system::{MEMORY_CGROUP_IDS, System, counts_removed};
pub use walk::walk;
