//! A node with a kernel that leaks, as this machine would be one: its name, its kernel, its programs and what its kernel
//! counts are the same everywhere.

use super::cgroup_folder::{CACHE, HEAD};
use super::command::Workplace;
use super::kernel_release::CENTOS_7;
use super::preflight::installed;
use super::programs::{ON, compile};

/// What root of a namespace of its own does before the command: it sees its own processes, none of this machine's programs
/// of the kind that is judged, what this kernel would count, and where its memory hierarchy would be mounted (read by the
/// process that the command becomes).
const SET_UP: &str = "set -e
hostname node-1
mount -t tmpfs -o mode=755 none /usr/sbin
mount -t tmpfs -o mode=755 none /usr/local
mkdir /usr/local/bin
cp node/runc node/mmdebstrap /usr/local/bin
mount --bind node/cgroups /proc/cgroups
mount --bind node/slab /sys/kernel/slab
mount --bind node/cmdline /proc/cmdline
echo \"30 24 0:27 / $PWD/memory rw - cgroup cgroup rw,memory\" >node/mountinfo
mount --bind node/mountinfo /proc/$$/mountinfo
for program in docker dockerd runc kubelet; do
    if [ -e /usr/bin/$program ]; then mount --bind /dev/null /usr/bin/$program; fi
done
PATH=/usr/local/bin exec \"$@\"
";

/// The directory of the memory hierarchy in the workplace.
pub const HIERARCHY: &str = "memory";

/// Makes what the node has: a runc that turns accounting on, and a pod in which it did.
pub fn make(workplace: &Workplace) {
    workplace.write("node/set-up.sh", SET_UP);
    let runc = workplace.path().join("node/runc");
    compile(&runc, "runc version 1.0.0-rc10", ON);
    // Asked for its place only.
    workplace.write("node/mmdebstrap", "");
    let counted = "#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t4\t2071\t1\n";
    workplace.write("node/cgroups", counted);
    workplace.write("node/cmdline", "BOOT_IMAGE=/vmlinuz ro quiet\n");
    for cache in ["dentry", "kmalloc-192", "kmalloc-64"] {
        workplace.write(&format!("node/slab/{cache}/objects"), "42\n");
    }
    let id = "0af5".repeat(16);
    for (cgroup, processes) in [
        ("kubepods", ""),
        ("kubepods/pod1", ""),
        (&format!("kubepods/pod1/{id}"), "7\n"),
    ] {
        let place = format!("{HIERARCHY}/{cgroup}");
        workplace.write(
            &format!("{place}/memory.kmem.slabinfo"),
            &format!("{HEAD}{CACHE}"),
        );
        workplace.write(&format!("{place}/cgroup.procs"), processes);
    }
    workplace.write(&format!("{HIERARCHY}/cgroup.procs"), "1\n");
}

/// The command on that node, as a line of a shell that is run in the workplace.
pub fn line(words: &[&str]) -> String {
    installed("unshare");
    let command = Workplace::line_on_kernel_after(CENTOS_7, &["sh", "node/set-up.sh"], words);
    format!("unshare --map-root-user --mount --uts --net --pid --fork --mount-proc {command}")
}
