//! Judges a program by what it writes when it makes cgroups: runs it in a container of its own under strace. A runc makes
//! a container; a kubelet makes the cgroups of its pods.

mod archive;
mod check;
mod confinement;
mod container;
mod error;
mod image;
mod kubelet;
mod place;
mod runc;

pub use check::trace_run;
pub use confinement::HostPower;
pub use error::{Refusal, RunCheckError};
