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

/// Controllers by which a container is limited, and which the second version has to be told to use.
const CONTROLLERS: [&str; 2] = ["memory", "cpu"];
/// The cgroup that this process moves to in one that it was given, which may not have processes of its own then.
const SUPERVISOR: &str = "kmembuild";

/// What this machine has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cgroups {
    /// Whether it has the second version only.
    pub is_second: bool,
    /// Below which cgroup this process may make some that limit memory and processors, from the root of each hierarchy; `None`
    /// where it may not.
    parent: Option<String>,
}

impl Cgroups {
    /// Looks at this machine, and makes and removes a cgroup to try it.
    pub(super) fn look() -> Self {
        let root = Path::new(ROOT);
        let is_second = root.join("cgroup.controllers").exists();
        let parent = if is_second {
            parent_in_second(root)
        } else {
            let all = CONTROLLERS
                .iter()
                .all(|name| can_make(&root.join(name), false));
            all.then(String::new)
        };
        Self { is_second, parent }
    }

    /// Whether this process may make any that limit memory and processors.
    pub(super) fn can_be_made(&self) -> bool {
        self.parent.is_some()
    }

    /// Where a container's own is, from the root of each hierarchy.
    pub(super) fn of_container(&self, name: &str) -> Option<String> {
        let parent = self.parent.as_ref()?;
        Some(format!("{parent}/{name}"))
    }

    /// Whether the second version is mounted beside the first one and has controllers of its own.
    pub(super) fn has_unified_controllers(&self) -> bool {
        let controllers = text(&Path::new(UNIFIED).join("cgroup.controllers"));
        !self.is_second && controllers.is_some_and(|text| !text.trim().is_empty())
    }
}

/// Where cgroups can be made in the second version, whose root is mounted at `root`: below that for root, or below the one that
/// this process is in where that was given to its user (systemd's `Delegate=`).
fn parent_in_second(root: &Path) -> Option<String> {
    if can_make(root, true) {
        return Some(String::new());
    }
    let own = own_in_second()?;
    let place = root.join(own.trim_start_matches('/'));
    if can_make(&place, true) {
        return Some(own);
    }
    // One that passes controllers on has no processes: whoever was given it moves to a cgroup in it, and says that it was given
    // by what it can write there. Others that are in it keep it from that.
    let supervisor = place.join(SUPERVISOR);
    let moved = fs::create_dir(&supervisor).is_ok() || supervisor.exists();
    let moved = moved && fs::write(supervisor.join("cgroup.procs"), "0").is_ok();
    if moved && can_make(&place, true) {
        return Some(own);
    }
    if moved {
        // It was there before.
        let _ = fs::write(place.join("cgroup.procs"), "0");
    }
    let _ = fs::remove_dir(&supervisor);
    None
}

/// The cgroup of this process in the second version, from its root; `None` where it is that or outside of it.
fn own_in_second() -> Option<String> {
    let lines = text(Path::new("/proc/self/cgroup"))?;
    let own = lines.lines().find_map(|line| line.strip_prefix("0::"))?;
    let is_below = own.len() > 1 && own.starts_with('/') && !own.contains("/..");
    is_below.then(|| own.to_owned())
}

/// Whether this process can make a cgroup in that one, in the second version one that has the controllers.
fn can_make(place: &Path, is_second: bool) -> bool {
    let own = place.join(format!("kmembuild-look-{}", std::process::id()));
    // A directory is one only with the files of the kernel in it.
    let made = fs::create_dir(&own).is_ok() && own.join("cgroup.procs").exists();
    let can = made && (!is_second || has_controllers(&own) || pass_on_controllers(place, &own));
    let _ = fs::remove_dir(&own);
    can
}

/// Has a cgroup pass its controllers on, as runtimes do; whether the one in it has them then.
fn pass_on_controllers(place: &Path, own: &Path) -> bool {
    let all = CONTROLLERS.map(|name| format!("+{name}")).join(" ");
    fs::write(place.join("cgroup.subtree_control"), all).is_ok() && has_controllers(own)
}

fn has_controllers(cgroup: &Path) -> bool {
    text(&cgroup.join("cgroup.controllers")).is_some_and(|text| {
        let all: Vec<_> = text.split_whitespace().collect();
        CONTROLLERS.iter().all(|name| all.contains(name))
    })
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
