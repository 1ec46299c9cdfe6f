//! Where the memory hierarchy of cgroup v1 is.

use std::path::{Path, PathBuf};

use procfs::process::{MountInfo, MountInfos, Process};

use super::error::HierarchyError;

/// The cgroup namespace that the kernel starts with (`PROC_CGROUP_INIT_INO`); in any other the root is not the whole.
const FIRST_NAMESPACE: &str = "cgroup:[4026531835]";

/// A memory hierarchy, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hierarchy {
    /// The folder that is walked.
    pub root: PathBuf,
    /// Whether it is all that this machine has: only then the kernel's counts are about the same cgroups.
    pub whole: bool,
}

impl Hierarchy {
    /// The hierarchy that `root` names, or the mounted one.
    ///
    /// # Errors
    /// When none is named and none of cgroup v1 is mounted.
    pub fn find(root: Option<&Path>) -> Result<Self, HierarchyError> {
        let mounts = Process::myself().and_then(|process| process.mountinfo());
        match (root, mounts) {
            (Some(root), mounts) => {
                let whole = mounts.is_ok_and(|mounts| {
                    Self::mounted(&mounts, first_namespace())
                        .is_ok_and(|found| found.whole && found.root == root)
                });
                let root = root.to_owned();
                Ok(Self { root, whole })
            }
            (None, Ok(mounts)) => Self::mounted(&mounts, first_namespace()),
            (None, Err(source)) => Err(HierarchyError::Mounts { source }),
        }
    }

    /// The one among `mounts`.
    fn mounted(mounts: &MountInfos, first_namespace: bool) -> Result<Self, HierarchyError> {
        let is_memory = |mount: &&MountInfo| {
            mount.fs_type == "cgroup" && mount.super_options.contains_key("memory")
        };
        let memory: Vec<_> = mounts.0.iter().filter(is_memory).collect();
        // A container sees itself mounted as well as, perhaps, the whole.
        let whole = memory.iter().find(|mount| mount.root == "/");
        if let Some(mount) = whole.or(memory.first()) {
            return Ok(Self {
                root: mount.mount_point.clone(),
                whole: mount.root == "/" && first_namespace,
            });
        }
        let unified = mounts.0.iter().find(|mount| mount.fs_type == "cgroup2");
        Err(match unified {
            Some(mount) => HierarchyError::Unified {
                at: mount.mount_point.clone(),
            },
            None => HierarchyError::None,
        })
    }
}

/// Whether this process sees all cgroups. Kernels before 4.6 have no cgroup namespaces.
fn first_namespace() -> bool {
    std::fs::read_link("/proc/self/ns/cgroup")
        .map_or(true, |name| name == Path::new(FIRST_NAMESPACE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use procfs::FromBufRead as _;

    fn find(mounts: &str) -> Result<Hierarchy, HierarchyError> {
        Hierarchy::mounted(
            &MountInfos::from_buf_read(mounts.as_bytes()).expect("mounts"),
            true,
        )
    }

    #[test]
    fn finds_the_mount_of_the_memory_controller() {
        let centos = "24 18 0:21 / /sys/fs/cgroup ro,nosuid shared:8 - tmpfs tmpfs ro,mode=755\n\
            25 24 0:22 / /sys/fs/cgroup/systemd rw shared:9 - cgroup cgroup rw,xattr,name=systemd\n\
            29 24 0:26 / /sys/fs/cgroup/cpu,cpuacct rw shared:13 - cgroup cgroup rw,cpuacct,cpu\n\
            30 24 0:27 / /sys/fs/cgroup/memory rw,nosuid shared:14 - cgroup cgroup rw,memory\n";
        let found = find(centos).expect("found");
        assert_eq!(found.root, Path::new("/sys/fs/cgroup/memory"));
        assert!(found.whole);
        let container = centos.replace("0:27 / ", "0:27 /docker/0123 ");
        assert!(!find(&container).expect("found").whole);
        let both = format!("{container}40 24 0:27 / /host/memory rw - cgroup cgroup rw,memory\n");
        let found = find(&both).expect("found");
        assert_eq!((found.root, found.whole), ("/host/memory".into(), true));
    }

    #[test]
    fn tells_a_machine_of_the_second_version_from_one_without() {
        let unified = "30 24 0:27 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
        let said = find(unified)
            .expect_err("nothing of the first version")
            .to_string();
        assert!(said.contains("cgroup v2 (/sys/fs/cgroup)"), "{said}");
        assert!(matches!(find(""), Err(HierarchyError::None)));
    }
}
