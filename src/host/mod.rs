//! What a machine is like that runs containers, or is to. Reads only.

mod hangup;
mod hierarchy;

pub mod doctor;
pub mod kmem;

pub use hangup::or_at_hangup;
pub use hierarchy::{CgroupMounts, Hierarchy};
