//! The folder, the addresses and the outermost namespaces of a cluster.

use std::env;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use super::namespaces::Namespaces;

/// Scripts of the namespaces.
pub const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/cluster");

/// A place, until dropped. Nothing is left of it then, nor when this process is killed.
pub struct Place {
    watchdog: Child,
    /// Closed by whatever ends this process, which the watchdog waits for.
    alive: Option<ChildStdin>,
    number: u8,
    /// The hub, where the control plane runs.
    pub hub: Namespaces,
}

impl Place {
    /// Makes one.
    pub fn make() -> Self {
        let mut watchdog = Command::new(Self::watchdog())
            .arg(Self::folder_of_all())
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the watchdog starts");
        let mut line = String::new();
        let mut stdout = BufReader::new(watchdog.stdout.take().expect("stdout is piped"));
        stdout.read_line(&mut line).expect("a line of the watchdog");
        let (number, first) = line.trim().split_once(' ').expect("the watchdog fails");
        Self {
            alive: watchdog.stdin.take(),
            watchdog,
            number: number.parse().expect("a number"),
            hub: Namespaces {
                first: first.parse().expect("a process"),
            },
        }
    }

    /// The program that owns a place.
    pub fn watchdog() -> String {
        format!("{SCRIPTS}/watchdog")
    }

    /// Folder of all places of this machine.
    pub fn folder_of_all() -> PathBuf {
        env::temp_dir().join("kmembuild-test-cluster")
    }

    /// Where everything of it is stored.
    pub fn folder(&self) -> PathBuf {
        Self::folder_of_all().join(self.number.to_string())
    }

    /// The first two bytes of its addresses, with the dot between them.
    pub fn network(&self) -> String {
        format!("100.{}", 64 + self.number)
    }

    /// Address of the hub, as this machine, the nodes and the pods know it.
    pub fn hub_address(&self) -> String {
        format!("{}.0.1", self.network())
    }

    /// Name of its control group, in every hierarchy.
    pub fn control_group(&self) -> String {
        format!("kmembuild-{}", self.number)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(self.alive.take());
        let _ = self.watchdog.wait();
    }
}

/// The control groups of this machine, a hierarchy each.
pub fn hierarchies() -> Vec<PathBuf> {
    let all = std::fs::read_dir(Path::new("/sys/fs/cgroup")).expect("control groups");
    let folders = all.flatten().filter(|entry| entry.path().is_dir());
    // Links lead to hierarchies of several controllers, which are in the list themselves.
    let folders = folders.filter(|entry| !entry.path().is_symlink());
    folders.map(|entry| entry.path()).collect()
}
