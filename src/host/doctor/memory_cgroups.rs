//! Which cgroup hierarchy holds the memory controller, and how many cgroups are in it.

use procfs_core::{CGroupControllers, FromRead as _};

use super::line::{Half, Level, Line};
use super::node::Node;
use crate::host::CgroupMounts;
use crate::host::kmem::{MEMORY_CGROUP_IDS, counts_removed};

/// From here on, few memory cgroups are left; without one, no container with a memory limit starts.
const MANY: u64 = MEMORY_CGROUP_IDS / 2;
const TOO_MANY: u64 = MEMORY_CGROUP_IDS / 10 * 9;

/// The line about the cgroup version.
pub fn judge_hierarchy(node: &Node) -> Line {
    let line = |level, found: String| Line::new(Half::Leak, "cgroups", level, found);
    let mounts = match &node.mounts {
        Ok(mounts) => mounts,
        Err(reason) => {
            return line(Level::Warn, reason.clone()).remedy(
                "use `mount -t cgroup,cgroup2` to see where the memory controller is mounted",
            );
        }
    };
    let CgroupMounts { memory, unified } = CgroupMounts::of(mounts);
    match (memory, unified) {
        (Some(memory), None) => {
            let root = memory.root.display();
            line(Level::Ok, format!("version 1; the memory controller is at {root}"))
        }
        (Some(memory), Some(_)) => {
            let root = memory.root.display();
            line(
                Level::Ok,
                format!("hybrid: version 2 is mounted, but the memory controller is version 1, at {root}"),
            )
        }
        (None, Some(_)) => line(
            Level::Ok,
            "version 2: accounting cannot be turned on or off, and does not leak".to_owned(),
        ),
        (None, None) => line(
            Level::Warn,
            "no memory controller is mounted".to_owned(),
        )
        .remedy("mount it (systemd does), and check that the kernel's command line does not disable it; without it, containers have no memory limits"),
    }
}

/// The line about the number of memory cgroups.
pub fn judge_memory_cgroups(node: &Node) -> Line {
    let line = |level, found: String| Line::new(Half::Leak, "memory-cgroups", level, found);
    let controllers = match &node.controllers {
        Ok(controllers) => controllers,
        Err(reason) => {
            return line(Level::Warn, reason.clone()).remedy(
                "use `find /sys/fs/cgroup/memory -type d | wc -l` to count them; the kernel supports 65535",
            );
        }
    };
    let Some((count, enabled)) = memory(controllers) else {
        // From about 6.12 on, kernels built without version 1 of a controller do not list it.
        let mounts = node.mounts.as_deref().map(CgroupMounts::of);
        if mounts.is_ok_and(|mounts| mounts.is_unified_only()) {
            let text = "not counted: this kernel lists only version-1 controllers";
            return line(Level::Ok, text.to_owned());
        }
        return line(
            Level::Warn,
            "not counted: /proc/cgroups has no line for the memory controller".to_owned(),
        )
        .remedy("use a kernel with the memory controller (CONFIG_MEMCG, from about 6.12 on also CONFIG_MEMCG_V1); without it, containers have no memory limits");
    };
    if !enabled {
        return line(
            Level::Warn,
            "the memory controller is disabled".to_owned(),
        )
        .remedy("remove cgroup_disable=memory from the kernel's command line; without the controller, containers have no memory limits");
    }
    let counts_leaked = node.kernel.as_deref().map_or(true, counts_removed);
    let found = if counts_leaked {
        format!("{count} of at most {MEMORY_CGROUP_IDS}")
    } else {
        format!(
            "{count} of at most {MEMORY_CGROUP_IDS}, plus leaked ones, which this kernel does not count"
        )
    };
    if count >= TOO_MANY {
        line(Level::Fail, found).remedy(
            "drain this node and reboot it; at the limit, every new container fails with \"no space left on device\"",
        )
    } else if count >= MANY {
        line(Level::Warn, found).remedy(
            "check whether the number grows from day to day; only a reboot removes leaked cgroups",
        )
    } else {
        line(Level::Ok, found)
    }
}

/// The number of memory cgroups that the kernel counts; `None` if it counts none, or could not be asked.
pub fn count_memory_cgroups(node: &Node) -> Option<u64> {
    let (count, enabled) = memory(node.controllers.as_deref().ok()?)?;
    enabled.then_some(count)
}

/// The number of memory cgroups in `/proc/cgroups`, and whether the controller is enabled.
fn memory(controllers: &str) -> Option<(u64, bool)> {
    let all = CGroupControllers::from_read(controllers.as_bytes()).ok()?;
    let memory = all.0.into_iter().find(|group| group.name == "memory")?;
    Some((memory.num_cgroups.into(), memory.enabled))
}
