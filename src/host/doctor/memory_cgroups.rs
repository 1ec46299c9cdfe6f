//! Which cgroup hierarchy holds the memory controller, and how many cgroups are in it.

use super::line::{Half, Level, Line};
use super::node::Node;
use crate::host::CgroupMounts;
use crate::host::kmem::{MEMORY_CGROUP_IDS, counts_removed};

/// From here on a node has little left before no container with a memory limit starts.
const MANY: u64 = MEMORY_CGROUP_IDS / 2;
const TOO_MANY: u64 = MEMORY_CGROUP_IDS / 10 * 9;

/// The line about the version of cgroups.
pub fn judge_hierarchy(node: &Node) -> Line {
    let line = |level, found: String| Line::new(Half::Leak, "cgroups", level, found);
    let mounts = match &node.mounts {
        Ok(mounts) => mounts,
        Err(reason) => {
            return line(Level::Warn, reason.clone())
                .remedy("see by `mount -t cgroup,cgroup2` where the memory controller is");
        }
    };
    let CgroupMounts { memory, unified } = CgroupMounts::of(mounts);
    match (memory, unified) {
        (Some(memory), None) => {
            let root = memory.root.display();
            line(Level::Ok, format!("version 1, memory at {root}"))
        }
        (Some(memory), Some(_)) => {
            let root = memory.root.display();
            line(
                Level::Ok,
                format!("hybrid: version 2 is there, and memory is in version 1 at {root}"),
            )
        }
        (None, Some(_)) => line(
            Level::Ok,
            "version 2: accounting cannot be turned on or off, and nothing leaks by it".to_owned(),
        ),
        (None, None) => line(
            Level::Warn,
            "no memory controller is mounted".to_owned(),
        )
        .remedy("mount it (systemd does), and see that the kernel's command line does not disable it: without it no container gets a memory limit"),
    }
}

/// The line about the number of memory cgroups.
pub fn judge_memory_cgroups(node: &Node) -> Line {
    let line = |level, found: String| Line::new(Half::Leak, "memory-cgroups", level, found);
    let controllers = match &node.controllers {
        Ok(controllers) => controllers,
        Err(reason) => {
            return line(Level::Warn, reason.clone()).remedy(
                "count them: `find /sys/fs/cgroup/memory -type d | wc -l`; the kernel has ids for 65535",
            );
        }
    };
    let Some((count, enabled)) = memory(controllers) else {
        // From about 6.12 on, kernels that are built without version 1 of a controller leave it out.
        let mounts = node.mounts.as_deref().map(CgroupMounts::of);
        if mounts.is_ok_and(|mounts| mounts.is_unified_only()) {
            let text = "not counted here: the kernel lists version-1 controllers only";
            return line(Level::Ok, text.to_owned());
        }
        return line(
            Level::Warn,
            "not counted: /proc/cgroups has no line for memory".to_owned(),
        )
        .remedy("see that the kernel has the memory controller (CONFIG_MEMCG, and from about 6.12 on CONFIG_MEMCG_V1): without it no container gets a memory limit");
    };
    if !enabled {
        return line(
            Level::Warn,
            "the memory controller is disabled".to_owned(),
        )
        .remedy("take cgroup_disable=memory off the kernel's command line: without it no container gets a memory limit");
    }
    let counts_leaked = node.kernel.as_deref().map_or(true, counts_removed);
    let found = if counts_leaked {
        format!("{count} of at most {MEMORY_CGROUP_IDS}")
    } else {
        format!(
            "{count} of at most {MEMORY_CGROUP_IDS}, and what leaked, which this kernel does not count"
        )
    };
    if count >= TOO_MANY {
        line(Level::Fail, found).remedy(
            "drain this node and reboot it: at the limit every new container fails with \"no space left on device\"",
        )
    } else if count >= MANY {
        line(Level::Warn, found)
            .remedy("see whether it grows from day to day: leaked ones go by a reboot only")
    } else {
        line(Level::Ok, found)
    }
}

/// Number of memory cgroups, and whether the controller is enabled, by `/proc/cgroups`.
fn memory(controllers: &str) -> Option<(u64, bool)> {
    let mut lines = controllers.lines();
    lines.find_map(|line| {
        let mut fields = line.split_whitespace();
        let is_memory = fields.next() == Some("memory");
        let count = fields.nth(1)?.parse().ok().filter(|_| is_memory)?;
        Some((count, fields.next()? == "1"))
    })
}

#[cfg(test)]
mod tests {
    use super::memory;

    #[test]
    fn memory_cgroups_are_counted() {
        let text = "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t1\t9\t1\nmemory\t4\t16\t1\npids\t8\t1\t1";
        assert_eq!(memory(text), Some((16, true)));
        assert_eq!(memory("memory\t0\t1\t0"), Some((1, false)));
        assert_eq!(memory("cpu\t1\t9\t1"), None);
        assert_eq!(memory("memory\tx"), None);
    }
}
