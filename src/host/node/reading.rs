//! What is read of a node.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::forecast::Measurements;
use crate::clock;
use crate::host::doctor::{Node, Program, installed_programs};
use crate::host::kmem::{Detail, HierarchyError, Status, look};

/// Everything that is known about a node at one moment.
#[derive(Debug)]
pub struct NodeReading {
    /// Its name, as `uname -n` prints it.
    pub host: String,
    /// When it was read.
    pub time: Timestamp,
    /// What the kernel says of itself.
    pub kernel: Node,
    /// The programs that make cgroups.
    pub programs: Vec<Program>,
    /// The state of its cgroups.
    pub status: Status,
    /// Why there is no hierarchy of cgroups to read, if there is none.
    pub no_hierarchy: Option<HierarchyError>,
    /// What was measured before.
    pub measurements: Measurements,
}

impl NodeReading {
    /// Reads this machine. `root` is the memory hierarchy, or a cgroup in it; the mounted one by default. Runs programs to
    /// learn their versions, as the doctor does. Blocks until all is read, or `is_cancelled` returns true: then what was
    /// read is not complete.
    pub fn read(
        search_path: &[PathBuf],
        root: Option<&Path>,
        measurements: Measurements,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Self {
        let name = rustix::system::uname();
        let (status, no_hierarchy) = look(root, Detail::Few);
        Self {
            host: name.nodename().to_string_lossy().into_owned(),
            time: clock::now(),
            kernel: Node::of_this_machine(),
            programs: installed_programs(search_path, is_cancelled),
            status,
            no_hierarchy,
            measurements,
        }
    }
}
