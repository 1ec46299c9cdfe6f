//! Finds the memory hierarchy of cgroup v1 to walk.

use std::fs;
use std::path::Path;

use super::error::HierarchyError;
use crate::host::{CgroupMounts, Hierarchy};

/// The initial cgroup namespace (`PROC_CGROUP_INIT_INO`); in any other one, the root is not the complete hierarchy.
const FIRST_NAMESPACE: &str = "cgroup:[4026531835]";

/// The hierarchy at `root`, or the mounted one.
///
/// # Errors
/// If `root` is `None` and no hierarchy of cgroup v1 is mounted.
pub fn find_hierarchy(root: Option<&Path>) -> Result<Hierarchy, HierarchyError> {
    let mounts = fs::read_to_string("/proc/self/mountinfo");
    let mounts = mounts.map(|mounts| CgroupMounts::of(&mounts));
    let Some(root) = root else {
        let mounts = mounts.map_err(|source| HierarchyError::Mounts { source })?;
        return mounted(mounts, first_namespace());
    };
    // By its full path, because the kind of a cgroup depends on its parents. A path that cannot be resolved cannot be
    // walked, and the error shows it as given.
    let root = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    let memory = mounts.ok().and_then(|mounts| mounts.memory);
    let whole = memory.is_some_and(|memory| memory.whole && memory.root == root);
    Ok(Hierarchy {
        whole: whole && first_namespace(),
        root,
    })
}

/// The mounted hierarchy of version 1.
fn mounted(mounts: CgroupMounts, first_namespace: bool) -> Result<Hierarchy, HierarchyError> {
    match (mounts.memory, mounts.unified) {
        (Some(memory), _) => Ok(Hierarchy {
            whole: memory.whole && first_namespace,
            ..memory
        }),
        (None, Some(at)) if has_memory(&at) => Err(HierarchyError::Unified { at }),
        // systemd mounts version 2 even if all controllers are in version 1.
        (None, _) => Err(HierarchyError::None),
    }
}

/// Whether the unified hierarchy mounted at `at` has the memory controller.
fn has_memory(at: &Path) -> bool {
    fs::read_to_string(at.join("cgroup.controllers"))
        .is_ok_and(|controllers| controllers.split_whitespace().any(|name| name == "memory"))
}

/// Whether this process sees all cgroups. Kernels before 4.6 have no cgroup namespaces.
fn first_namespace() -> bool {
    fs::read_link("/proc/self/ns/cgroup").map_or(true, |name| name == Path::new(FIRST_NAMESPACE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mounted_hierarchy_is_whole_in_the_first_namespace_only() {
        let mounts = || {
            CgroupMounts::of("30 24 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n")
        };
        for first_namespace in [true, false] {
            let found = mounted(mounts(), first_namespace).expect("found");
            assert_eq!(found.root, Path::new("/sys/fs/cgroup/memory"));
            assert_eq!(found.whole, first_namespace);
        }
    }

    #[test]
    fn tells_a_machine_of_the_second_version_from_one_without() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = folder.path().display();
        let unified = || CgroupMounts::of(&format!("30 24 0:27 / {at} rw - cgroup2 cgroup2 rw\n"));
        let none = |mounts| matches!(mounted(mounts, true), Err(HierarchyError::None));
        assert!(none(CgroupMounts::default()));
        assert!(none(unified()));
        // Next to controllers of version 1, it is mounted without memory.
        let controllers = folder.path().join("cgroup.controllers");
        fs::write(&controllers, "rdma misc memory_other\n").expect("written");
        assert!(none(unified()));
        fs::write(&controllers, "cpu memory pids\n").expect("written");
        let said = mounted(unified(), true).expect_err("nothing of the first version");
        let expected = format!("cgroup v2 for memory ({at})");
        assert!(said.to_string().contains(&expected), "{said}");
    }
}
