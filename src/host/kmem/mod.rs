//! Is kernel-memory accounting on in the cgroups of this machine?
//!
//! [`find_hierarchy`] finds the memory hierarchy, [`walk()`] visits its cgroups and judges all of them: on a
//! kernel that leaks, it does not matter who made a cgroup. [`System::read`] reads the kernel's own figures. What cannot be read becomes a problem in the
//! report and never ends the walk: cgroups come and go meanwhile.

mod accounting;
mod answer;
mod counts;
mod error;
mod find;
mod found;
mod kind;
mod look;
mod origin;
mod owner;
mod recording;
mod sample;
mod status;
mod system;
mod trend;
mod verdict;
mod walk;

pub use accounting::{Accounting, Reason};
pub use counts::KindCounts;
pub use error::HierarchyError;
pub use find::find_hierarchy;
pub use found::Detail;
pub use kind::CgroupKind;
pub use look::look;
pub use origin::Origin;
pub use owner::Owner;
pub use recording::{Recording, SamplesError, samples_to_csv};
pub use sample::{SAMPLE_FORMAT, Sample};
pub use status::{CgroupState, OwnerCount, Problem, Status};
pub use system::{MEMORY_CGROUP_IDS, System, counts_removed};
pub use trend::{LEAST_SPAN, Trend};
pub use verdict::Verdict;
pub use walk::walk;
