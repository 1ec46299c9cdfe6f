//! Does this kernel leak memory cgroups when kernel-memory accounting is on?

use super::line::{Half, Level, Line};
use super::node::Node;
use crate::host::CgroupMounts;
use crate::host::kernel::{Kernel, accounts_by_itself, has_no_kmem};

const REMEDY: &str = "install a runc and a kubelet that never turn accounting on, then reboot; `kmembuild runc --like` and `kmembuild kubelet --like` build the versions that this node has";

/// The line about the kernel, and the one about `cgroup.memory=nokmem`.
pub fn judge_kernel(node: &Node) -> Vec<Line> {
    vec![release(node), no_kmem_line(node)]
}

fn release(node: &Node) -> Line {
    let line = |level, found: String| Line::new(Half::Leak, "kernel", level, found);
    let release = match &node.kernel {
        Ok(release) => release,
        Err(reason) => {
            return line(Level::Warn, reason.clone())
                .remedy("use `uname -r` to see the release: 3.x leaks, 4.4 and later does not");
        }
    };
    match Kernel::of(release) {
        Kernel::Affected if release.contains(".el7") => line(
            Level::Warn,
            format!(
                "{release}: leaks memory cgroups when accounting is on; a later kernel of CentOS 7 (3.10.0-1062, 3.10.0-1127) leaks as well"
            ),
        )
        .remedy(REMEDY),
        Kernel::Affected => line(
            Level::Warn,
            format!("{release}: leaks memory cgroups when accounting is on, like all 3.x kernels"),
        )
        .remedy(REMEDY),
        Kernel::Unclear => line(
            Level::Warn,
            format!("{release}: may leak memory cgroups when accounting is on; 3.x does, 4.4 and later does not"),
        )
        .remedy(REMEDY),
        // Where accounting is on in every cgroup, somebody will look for the program that turned it on.
        Kernel::NotAffected if accounts_in_all(node) => line(
            Level::Ok,
            format!(
                "{release}: does not leak memory cgroups; from 4.6 on, the kernel itself accounts kernel memory in every cgroup, so neither runc nor kubelet has to be replaced"
            ),
        ),
        Kernel::NotAffected => line(
            Level::Ok,
            format!("{release}: does not leak memory cgroups"),
        ),
    }
}

/// Whether the kernel accounts by itself, with memory in cgroup version 1 as far as is known.
fn accounts_in_all(node: &Node) -> bool {
    let mounts = node.mounts.as_deref().map(CgroupMounts::of);
    node.kernel.as_deref().is_ok_and(accounts_by_itself)
        && !node.command_line.as_deref().is_ok_and(has_no_kmem)
        && !mounts.is_ok_and(|mounts| mounts.is_unified_only())
}

fn no_kmem_line(node: &Node) -> Line {
    let line = |level, found: String| Line::new(Half::Leak, "kernel-command-line", level, found);
    let words = match &node.command_line {
        Ok(words) => words,
        Err(reason) => {
            return line(Level::Warn, reason.clone()).remedy(
                "as a user who may read /proc/cmdline, check whether it contains cgroup.memory=nokmem",
            );
        }
    };
    let is_old = !matches!(
        node.kernel.as_deref().map(Kernel::of),
        Ok(Kernel::NotAffected)
    );
    if !has_no_kmem(words) {
        let meaning = if is_old {
            "programs can turn accounting on"
        } else if accounts_in_all(node) {
            "not needed, because this kernel does not leak by accounting"
        } else {
            "not needed on this kernel"
        };
        return line(
            Level::Ok,
            format!("cgroup.memory=nokmem is not set: {meaning}"),
        );
    }
    if is_old {
        return line(
            Level::Warn,
            "cgroup.memory=nokmem is set, but most old kernels ignore it".to_owned(),
        )
        .remedy("check that it took effect: reading memory.kmem.slabinfo of a container's memory cgroup should fail");
    }
    line(
        Level::Ok,
        "cgroup.memory=nokmem is set: accounting is always off".to_owned(),
    )
}
