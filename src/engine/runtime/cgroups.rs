//! The cgroups of containers: whether any can be made, and what they count.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::engine::Usage;
use crate::engine::memory_kills::kills;

/// Where they are.
const ROOT: &str = "/sys/fs/cgroup";
/// Where the second version is mounted beside the first one.
pub(super) const UNIFIED: &str = "/sys/fs/cgroup/unified";
/// Largest file of one in bytes.
const LARGEST: u64 = 64 << 10;

/// What this machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cgroups {
    /// Whether it has the second version only.
    pub is_second: bool,
    /// Whether this process may make one that limits memory and processors.
    pub can_be_made: bool,
}

impl Cgroups {
    /// Looks at this machine, and makes and removes a cgroup to try it.
    pub(super) fn look() -> Self {
        let root = Path::new(ROOT);
        let is_second = root.join("cgroup.controllers").exists();
        let places = if is_second {
            vec![root.to_owned()]
        } else {
            ["memory", "cpu"].map(|name| root.join(name)).to_vec()
        };
        let name = format!("kmembuild-look-{}", std::process::id());
        let can_be_made = places.iter().all(|place| {
            let own = place.join(&name);
            // A directory is one only with the files of the kernel in it.
            let made = fs::create_dir(&own).is_ok() && own.join("cgroup.procs").exists();
            let _ = fs::remove_dir(&own);
            made
        });
        let has_controllers = !is_second
            || text(&root.join("cgroup.controllers")).is_some_and(|text| {
                let all: Vec<_> = text.split_whitespace().collect();
                ["memory", "cpu"].iter().all(|name| all.contains(name))
            });
        Self {
            is_second,
            can_be_made: can_be_made && has_controllers,
        }
    }
}

impl Cgroups {
    /// Whether the second version is mounted beside the first one and has controllers of its own.
    pub(super) fn has_unified_controllers(self) -> bool {
        let controllers = text(&Path::new(UNIFIED).join("cgroup.controllers"));
        !self.is_second && controllers.is_some_and(|text| !text.trim().is_empty())
    }
}

/// Where a container's cgroups are on this machine.
#[derive(Debug, Default)]
pub(super) struct Counters {
    /// Of the memory controller, and whether it is of the second version.
    memory: Option<(PathBuf, bool)>,
    /// Of the controller that counts the time of processors in the first version.
    processors: Option<PathBuf>,
}

impl Counters {
    /// Those of a process.
    pub(super) fn of(process: i32) -> Self {
        let lines = text(Path::new(&format!("/proc/{process}/cgroup"))).unwrap_or_default();
        let mut found = Self::default();
        for line in lines.lines() {
            let mut fields = line.splitn(3, ':');
            let (Some(_), Some(controllers), Some(path)) =
                (fields.next(), fields.next(), fields.next())
            else {
                continue;
            };
            let path = path.trim_start_matches('/');
            // The root is shared with everything else.
            if path.is_empty() {
                continue;
            }
            let all: Vec<_> = controllers.split(',').collect();
            let place = Path::new(ROOT).join(controllers).join(path);
            if controllers.is_empty() {
                let second = Path::new(ROOT).join(path);
                if second.join("memory.events").exists() {
                    found.memory.get_or_insert((second, true));
                }
            }
            if all.contains(&"memory") {
                found.memory = Some((place.clone(), false));
            }
            if all.contains(&"cpuacct") {
                found.processors = Some(place);
            }
        }
        found
    }

    /// How many processes the kernel killed for lack of memory; `None` where that is not counted.
    pub(super) fn memory_kills(&self) -> Option<u64> {
        let (place, is_second) = self.memory.as_ref()?;
        let file = if *is_second {
            "memory.events"
        } else {
            "memory.oom_control"
        };
        kills(&text(&place.join(file))?)
    }

    /// What was used so far.
    pub(super) fn usage(&self) -> Option<Usage> {
        let (place, is_second) = self.memory.as_ref()?;
        let (file, cache) = if *is_second {
            ("memory.current", "inactive_file ")
        } else {
            ("memory.usage_in_bytes", "total_inactive_file ")
        };
        let memory: u64 = text(&place.join(file))?.trim().parse().ok()?;
        let stat = text(&place.join("memory.stat")).unwrap_or_default();
        let cache = field(&stat, cache).unwrap_or_default();
        let cpu = if *is_second {
            let microseconds = field(&text(&place.join("cpu.stat"))?, "usage_usec ")?;
            Duration::from_micros(microseconds)
        } else {
            let file = self.processors.as_ref()?.join("cpuacct.usage");
            Duration::from_nanos(text(&file)?.trim().parse().ok()?)
        };
        // Files that the kernel can forget at any time are no need of the session.
        let memory = memory.saturating_sub(cache);
        Some(Usage { cpu, memory })
    }
}

fn field(text: &str, name: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(name))?;
    value.trim().parse().ok()
}

fn text(file: &Path) -> Option<String> {
    let mut text = String::new();
    let file = fs::File::open(file).ok()?;
    file.take(LARGEST).read_to_string(&mut text).ok()?;
    Some(text)
}
