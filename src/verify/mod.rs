//! Checks binaries.
//!
//! [`inspect()`] reads one file and returns its findings: what kind of file it is, how it is linked, which glibc it
//! requires, and whether it contains the code that turns kernel-memory accounting on. [`run_version`] runs it to get its
//! version. [`judge`] compares both with [`Expectations`]; it is pure.
//!
//! Nothing here changes a file. A file of an unexpected kind is a finding rather than an error: it fails its checks.

mod architecture;
mod check;
mod elf;
mod error;
mod expectations;
mod findings;
mod format;
mod glibc;
mod glibc_version;
mod image;
mod inspect;
mod isolation;
mod judge;
mod kmem;
mod linkage;
mod machine_glibc;
mod packing;
mod scan;
mod trace;
mod version;

pub use architecture::own_architecture;
pub use check::{Check, CheckName, Outcome};
pub use error::VerifyError;
pub use expectations::{Expectations, KmemExpectation, VersionExpectation};
pub use findings::{Findings, Format, Kmem, KmemVerdict, Linkage, Mark, Packing};
pub(crate) use format::ELF_MAGIC;
pub use glibc_version::{GlibcVersion, InvalidGlibcVersion};
pub use inspect::{inspect, read_architecture};
pub use judge::judge;
pub use machine_glibc::MachineGlibc;
pub(crate) use trace::WRITES;
pub use trace::{CgroupMaker, TraceVerdict, TracedRun, judge_trace};
pub use version::{VERSION_TIMEOUT, VersionRun, run_version};
