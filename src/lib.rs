//! kmembuild builds runc and kubelet without cgroup kernel-memory accounting, and proves it in the binaries.

pub mod engine;
pub mod events;
pub mod source;
pub mod verify;
