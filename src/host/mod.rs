//! What a machine is like that runs containers, or is to. Reads only.

pub mod doctor;
pub mod kmem;
