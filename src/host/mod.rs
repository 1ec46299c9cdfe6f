//! What a machine is like that runs containers, or is to. Reads only.

mod hierarchy;
mod kernel;
mod signals;

pub mod doctor;
pub mod kmem;
pub mod node;

pub use hierarchy::{CgroupMounts, Hierarchy};
pub use kernel::{Kernel, accounts_by_itself};
pub use signals::is_ignored;
