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

#[cfg(test)]
mod tests {
    use super::*;

    const V1: &str =
        "34 25 0:30 / /sys/fs/cgroup/memory rw,nosuid shared:16 - cgroup cgroup rw,memory";
    const SYSTEMD: &str = "26 25 0:22 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd";
    const CPU: &str =
        "29 24 0:26 / /sys/fs/cgroup/cpu,cpuacct rw shared:13 - cgroup cgroup rw,cpuacct,cpu";
    const V2: &str =
        "27 24 0:23 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate";

    fn of(lines: &[&str]) -> (Option<Hierarchy>, Option<PathBuf>) {
        let found = CgroupMounts::of(&lines.join("\n"));
        (found.memory, found.unified)
    }

    fn memory(root: &str, whole: bool) -> Hierarchy {
        let root = root.into();
        Hierarchy { root, whole }
    }

    #[test]
    fn hierarchies_are_told_apart() {
        let v1 = || Some(memory("/sys/fs/cgroup/memory", true));
        let v2 = || Some(PathBuf::from("/sys/fs/cgroup"));
        assert_eq!(of(&[SYSTEMD, CPU, V1]), (v1(), None));
        assert_eq!(of(&[V1, V2]), (v1(), v2()));
        assert_eq!(of(&[V2]), (None, v2()));
        assert_eq!(of(&[SYSTEMD, CPU]), (None, None));
        assert_eq!(of(&[SYSTEMD, V2]), (None, v2()));
        assert_eq!(of(&["nonsense", "", " - ", V1]), (v1(), None));
    }

    #[test]
    fn the_whole_is_preferred_to_a_container() {
        let container = V1.replace("0:30 / ", "0:30 /docker/0123 ");
        let host = "40 24 0:30 / /host/memory rw - cgroup cgroup rw,memory";
        let path = "/sys/fs/cgroup/memory";
        for (mounts, expected) in [
            (&[container.as_str()][..], memory(path, false)),
            (&[&container, host], memory("/host/memory", true)),
            (&[V1, host], memory(path, true)),
        ] {
            assert_eq!(of(mounts), (Some(expected), None));
        }
    }
}
