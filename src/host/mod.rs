//! What a machine is like that runs containers, or is to. Reads only.

mod hierarchy;

pub mod doctor;
pub mod kmem;

pub use hierarchy::{CgroupMounts, Hierarchy};
