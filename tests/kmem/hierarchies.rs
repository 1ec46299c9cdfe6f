//! Hierarchies of cgroups, found among the mounts.

use std::fs;
use std::path::{Path, PathBuf};

use kmembuild::host::kmem::find_hierarchy;
use kmembuild::host::{CgroupMounts, Hierarchy};

const V1: &str = "34 25 0:30 / /sys/fs/cgroup/memory rw,nosuid shared:16 - cgroup cgroup rw,memory";
const SYSTEMD: &str = "26 25 0:22 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd";
const CPU: &str =
    "29 24 0:26 / /sys/fs/cgroup/cpu,cpuacct rw shared:13 - cgroup cgroup rw,cpuacct,cpu";
const V2: &str = "27 24 0:23 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate";

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

#[test]
fn a_named_root_has_its_whole_name() {
    let folder = tempfile::tempdir().unwrap();
    let folder = fs::canonicalize(folder.path()).unwrap();
    let found = find_hierarchy(Some(&folder.join("."))).unwrap();
    assert_eq!((found.root, found.whole), (folder, false));
    let found = find_hierarchy(Some(Path::new("./nowhere"))).unwrap();
    assert_eq!(found.root, Path::new("./nowhere"));
}
