//! Which cgroup hierarchy holds the memory controller, and how many cgroups are in it.

use super::line::{Half, Level, Line};
use super::node::Node;

/// Ids that the kernel has for memory cgroups, one of which is the root's.
const MOST: u64 = 65_535;
/// From here on a node has little left before no container with a memory limit starts.
const MANY: u64 = MOST / 2;
const TOO_MANY: u64 = MOST / 10 * 9;

/// Where the memory controller is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hierarchy {
    /// In a hierarchy of its own at that path, without a unified one beside it.
    V1(String),
    /// In a hierarchy of its own at that path, with a unified one, which has other controllers, beside it.
    Hybrid(String),
    /// In the unified hierarchy, where `memory.kmem.limit_in_bytes` does not exist.
    V2,
    /// Nowhere.
    Nowhere,
}

impl Hierarchy {
    /// Reads what is mounted, in the form of `/proc/self/mountinfo`.
    pub fn of(mounts: &str) -> Self {
        let mut unified = false;
        let mut memory = None;
        for line in mounts.lines() {
            // The fields of the mount, and after the dash those of its file system.
            let Some((mount, file_system)) = line.split_once(" - ") else {
                continue;
            };
            let mut fields = file_system.split(' ');
            let (kind, options) = (fields.next(), fields.nth(1).unwrap_or_default());
            match kind {
                Some("cgroup2") => unified = true,
                Some("cgroup") if options.split(',').any(|option| option == "memory") => {
                    // Of several mounts of it the first is the one that programs find.
                    memory = memory.or_else(|| mount.split(' ').nth(4).map(str::to_owned));
                }
                _ => {}
            }
        }
        match (memory, unified) {
            (Some(path), false) => Self::V1(path),
            (Some(path), true) => Self::Hybrid(path),
            (None, true) => Self::V2,
            (None, false) => Self::Nowhere,
        }
    }

    /// Whether accounting can be turned on at all: by the files of version 1.
    pub fn has_v1_memory(&self) -> bool {
        matches!(self, Self::V1(_) | Self::Hybrid(_))
    }
}

/// The line about the version of cgroups.
pub fn judge_hierarchy(node: &Node) -> Line {
    let line = |level, found: String| Line::new(Half::Leak, "cgroups", level, found);
    let mounts = match &node.mounts {
        Ok(mounts) => mounts,
        Err(reason) => return line(Level::Warn, reason.clone()),
    };
    match Hierarchy::of(mounts) {
        Hierarchy::V1(path) => line(Level::Ok, format!("version 1, memory at {path}")),
        Hierarchy::Hybrid(path) => line(
            Level::Ok,
            format!("hybrid: version 2 is there, and memory is in version 1 at {path}"),
        ),
        Hierarchy::V2 => line(
            Level::Ok,
            "version 2: accounting cannot be turned on or off, and nothing leaks by it".to_owned(),
        ),
        Hierarchy::Nowhere => line(
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
        Err(reason) => return line(Level::Warn, reason.clone()),
    };
    let Some((count, enabled)) = memory(controllers) else {
        return line(
            Level::Warn,
            "/proc/cgroups has no line for memory: this kernel has no memory controller".to_owned(),
        );
    };
    if !enabled {
        return line(
            Level::Warn,
            "the memory controller is disabled".to_owned(),
        )
        .remedy("take cgroup_disable=memory off the kernel's command line: without it no container gets a memory limit");
    }
    let found = format!("{count} of at most {MOST}");
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
    use super::{Hierarchy, memory};

    const V1: &str =
        "34 25 0:30 / /sys/fs/cgroup/memory rw,nosuid shared:16 - cgroup cgroup rw,memory";
    const SYSTEMD: &str = "26 25 0:22 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd";
    const V2: &str =
        "27 24 0:23 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate";

    #[test]
    fn hierarchies_are_told_apart() {
        let path = || "/sys/fs/cgroup/memory".to_owned();
        let of = |lines: &[&str]| Hierarchy::of(&lines.join("\n"));
        assert_eq!(of(&[SYSTEMD, V1]), Hierarchy::V1(path()));
        assert_eq!(of(&[V1, V2]), Hierarchy::Hybrid(path()));
        assert_eq!(of(&[V2]), Hierarchy::V2);
        assert_eq!(of(&[SYSTEMD]), Hierarchy::Nowhere);
        assert_eq!(of(&[SYSTEMD, V2]), Hierarchy::V2);
        assert_eq!(of(&["nonsense", "", " - "]), Hierarchy::Nowhere);
    }

    #[test]
    fn memory_cgroups_are_counted() {
        let text = "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t1\t9\t1\nmemory\t4\t16\t1\npids\t8\t1\t1";
        assert_eq!(memory(text), Some((16, true)));
        assert_eq!(memory("memory\t0\t1\t0"), Some((1, false)));
        assert_eq!(memory("cpu\t1\t9\t1"), None);
        assert_eq!(memory("memory\tx"), None);
    }
}
