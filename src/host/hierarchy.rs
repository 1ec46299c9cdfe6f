//! The mounted cgroup hierarchies, and which one has the memory controller.

use std::path::PathBuf;

use procfs_core::process::MountInfo;

/// A memory hierarchy of cgroup v1, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hierarchy {
    /// The directory of its outermost cgroup.
    pub root: PathBuf,
    /// Whether it is the machine's complete hierarchy: only then the kernel's counts are about the same cgroups.
    pub whole: bool,
}

/// The mounted cgroup hierarchies that matter for memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CgroupMounts {
    /// The memory hierarchy of version 1. It is complete if it is mounted from its root, as far as the reader's cgroup
    /// namespace shows.
    pub memory: Option<Hierarchy>,
    /// Where the unified hierarchy of version 2 is mounted. Its controllers are not visible in the list of mounts.
    pub unified: Option<PathBuf>,
}

impl CgroupMounts {
    /// Reads a list of mounts in the form of `/proc/self/mountinfo`. Lines in another form are skipped.
    pub fn of(mounts: &str) -> Self {
        let mut found = Self::default();
        for mount in mounts.lines().flat_map(MountInfo::from_line) {
            match mount.fs_type.as_str() {
                "cgroup2" => {
                    found.unified.get_or_insert(mount.mount_point);
                }
                "cgroup" if mount.super_options.contains_key("memory") => {
                    let whole = mount.root == "/";
                    // Programs use the first of several mounts; but a container sees its own part and perhaps also the
                    // complete hierarchy.
                    if found
                        .memory
                        .as_ref()
                        .is_none_or(|other| whole && !other.whole)
                    {
                        let root = mount.mount_point;
                        found.memory = Some(Hierarchy { root, whole });
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// Whether only version 2 has memory; it has no `memory.kmem.limit_in_bytes`.
    pub fn is_unified_only(&self) -> bool {
        self.memory.is_none() && self.unified.is_some()
    }
}
