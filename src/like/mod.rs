//! The version that a node has, read from what its programs report.
//!
//! [`read()`] understands the text that `kubectl version`, `kubectl get node`, `kubelet --version` and `runc
//! --version` print; it is pure. [`read_input`] takes the text from standard input or a file, or runs a program to get
//! it. [`Like::target`] decides what to build for such a node.

mod commit;
mod document;
mod error;
mod input;
mod names;
mod other_report;
mod reading;
mod reported;
mod target;
mod text;
mod vendor;
mod version;

pub use commit::{Commit, same_commit};
pub use error::LikeError;
pub use input::read_input;
pub use reading::{LARGEST_TEXT, read};
pub use reported::{Like, Program};
pub use target::Target;
pub use vendor::Vendor;
pub use version::{Origin, ReportedVersion};
