//! The power fails while a package is installed or removed: at each command of its scripts, and at each file that the package
//! manager itself moves.
//!
//! What no script waited for is lost: files that were written and not synced have no bytes then, as after a power failure
//! on ext4 or XFS.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::node::Node;
use super::result::Published;
use super::{debs, rpms};
use crate::support::disk_order::{CALLS, assert_renames_are_on_the_disk};
use crate::support::preflight::installed;

/// The commands of the scripts that change something.
const CHANGING: [&str; 7] = ["cp", "mv", "rm", "mkdir", "rmdir", "sort", "sync"];
/// Ends everything at the n-th of them, before it does anything, and writes down what is on the disk.
const WRAPPER: &str = r#"#!/bin/busybox sh
read -r count </cut/count
read -r deadly </cut/deadly
count=$((count + 1))
echo "$count" >/cut/count
if [ "$count" -eq "$deadly" ]; then kill -9 0; fi
tool=${0##*/}
busybox "$tool" "$@"
code=$?
if [ "$tool" = sync ]; then busybox stat -c '%i %Y %s' "$@" >>/cut/synced; fi
exit "$code"
"#;
/// The old runc's content on every node of these tests.
const OLD: &[u8] = b"the old runc\n";

/// A package manager with packages that replace its distribution's runc.
struct Manager {
    program: &'static str,
    head: fn(&Node) -> Vec<String>,
    new_node: fn() -> Node,
    install: &'static [&'static str],
    remove: &'static [&'static str],
    runc: &'static str,
    kept: &'static str,
    packages: [(Published, String, Vec<u8>); 2],
}

fn dpkg() -> Manager {
    Manager {
        program: "dpkg",
        head: debs::for_node,
        new_node: || {
            let folder = tempfile::tempdir().expect("a folder");
            let node = debs::node(folder.path(), &[]);
            debs::dpkg(&node, &["-i", &debs::distributions_runc(folder.path())]);
            node
        },
        install: &["-i"],
        remove: &["-r", "runc"],
        runc: "/usr/sbin/runc",
        kept: debs::KEPT,
        packages: [debs::ours("v1.0.0-rc93"), debs::ours("v1.0.0")],
    }
}

fn rpm() -> Manager {
    Manager {
        program: "rpm",
        head: rpms::for_node,
        new_node: || {
            let folder = tempfile::tempdir().expect("a folder");
            let node = rpms::node(folder.path(), "");
            rpms::rpm(&node, &["-i", &rpms::distributions_runc(folder.path())]);
            node
        },
        install: &["-U", "--replacepkgs"],
        remove: &["-e", "runc"],
        runc: "/usr/bin/runc",
        kept: rpms::KEPT,
        packages: [rpms::ours("v1.0.0-rc10"), rpms::ours("v1.0.0-rc93")],
    }
}

/// A node whose power can be cut.
struct Fragile<'a> {
    manager: &'a Manager,
    node: Node,
    mode: u32,
    time: i64,
    /// What was on its disk at first: inode, time, size.
    first: BTreeSet<String>,
}

impl<'a> Fragile<'a> {
    fn new(manager: &'a Manager) -> Self {
        let node = (manager.new_node)();
        let metadata = fs::metadata(node.at(manager.runc)).expect("the distribution's runc");
        let (mode, time) = (metadata.mode(), metadata.mtime());
        // busybox's own shell would not call the commands, but be them.
        for path in [
            "/bin/dash",
            "/lib64/ld-linux-x86-64.so.2",
            "/lib/x86_64-linux-gnu/libc.so.6",
        ] {
            let to = node.at(path);
            fs::create_dir_all(to.parent().expect("a parent")).expect("a folder");
            fs::copy(path, to).expect("dash is installed");
        }
        fs::remove_file(node.at("/bin/sh")).expect("a link");
        symlink("dash", node.at("/bin/sh")).expect("a link");
        for tool in CHANGING {
            let path = node.at(&format!("/bin/{tool}"));
            fs::remove_file(&path).expect("a link");
            fs::write(&path, WRAPPER).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
        }
        let mut new = Self {
            manager,
            node,
            mode,
            time,
            first: BTreeSet::new(),
        };
        new.restart();
        new
    }

    /// What is there now is on the disk.
    fn restart(&mut self) {
        for (name, text) in [("count", "0\n"), ("deadly", "0\n"), ("synced", "")] {
            self.node.write(&format!("/cut/{name}"), text);
        }
        let paths = self.node.files_below("/usr");
        self.first = paths.iter().map(|path| self.identity(path)).collect();
    }

    fn identity(&self, path: &str) -> String {
        let metadata = fs::symlink_metadata(self.node.at(path)).expect("a file");
        let (inode, time, size) = (metadata.ino(), metadata.mtime(), metadata.len());
        format!("{inode} {time} {size}")
    }

    /// Runs the package manager, perhaps under a tracer; whether it ran to its end. It must end well then.
    #[track_caller]
    fn run(&self, tracer: &[String], arguments: &[&str]) -> bool {
        let mut command = if tracer.is_empty() {
            Command::new(self.manager.program)
        } else {
            let mut command = installed("strace");
            command.args(tracer).arg(self.manager.program);
            command
        };
        let output = command
            .args((self.manager.head)(&self.node))
            .args(arguments)
            .env("LC_ALL", "C.UTF-8")
            .process_group(0)
            .output()
            .expect("the package manager");
        if output.status.signal() == Some(9) {
            return false;
        }
        assert!(output.status.success(), "{output:?}");
        true
    }

    /// The same with the power cut at a command of a script.
    fn cut(&mut self, deadly: u32, arguments: &[&str]) -> bool {
        self.restart();
        self.node.write("/cut/deadly", &format!("{deadly}\n"));
        let finished = self.run(&[], arguments);
        if !finished {
            self.lose();
        }
        self.restart();
        finished
    }

    /// What the package manager wrote is its own affair, and is known by what it is.
    fn lose(&self) {
        let synced = String::from_utf8(self.node.read("/cut/synced")).expect("text");
        let synced: BTreeSet<_> = synced.lines().map(str::to_owned).collect();
        for path in self.node.files_below("/usr") {
            let place = self.node.at(&path);
            let known = self.identity(&path);
            let of_package = self
                .manager
                .packages
                .iter()
                .any(|(_, _, bytes)| fs::read(&place).is_ok_and(|found| found == *bytes));
            if !place.is_symlink()
                && path != "/usr/lib/kmembuild/runc.files"
                && !of_package
                && !self.first.contains(&known)
                && !synced.contains(&known)
            {
                fs::write(&place, "").expect("lost");
            }
        }
    }

    /// A whole binary is in its place, or a removal has not put it there yet; and the old one is not lost.
    #[track_caller]
    fn assert_whole(&self, removing: bool) {
        let found = fs::read(self.node.at(self.manager.runc));
        let kept = fs::read(self.node.at(self.manager.kept));
        let ours = self.manager.packages.iter();
        match &found {
            Ok(found) if found == OLD => return,
            Ok(found) => assert!(
                ours.map(|(_, _, bytes)| bytes).any(|bytes| bytes == found),
                "a strange binary of {} bytes",
                found.len()
            ),
            Err(error) => assert!(removing, "no binary: {error}"),
        }
        assert_eq!(kept.expect("what was kept"), OLD);
    }

    #[track_caller]
    fn install(&self, package: usize) {
        let path = &self.manager.packages[package].1;
        self.run(&[], &[self.manager.install, &[path.as_str()]].concat());
        assert_eq!(
            self.node.read(self.manager.runc),
            self.manager.packages[package].2
        );
        assert_eq!(self.node.read(self.manager.kept), OLD);
    }

    /// Removes the package: everything is as it was before it came.
    #[track_caller]
    fn remove(&self) {
        self.run(&[], self.manager.remove);
        assert_eq!(self.node.read(self.manager.runc), OLD);
        let metadata = fs::metadata(self.node.at(self.manager.runc)).expect("the old runc");
        assert_eq!((metadata.mode(), metadata.mtime()), (self.mode, self.time));
        if self.manager.program == "dpkg" {
            assert!(!self.node.has("/usr/lib/kmembuild"));
        } else {
            assert_eq!(self.node.read(self.manager.kept), OLD);
        }
        assert!(!self.node.has(&format!("{}.kept", self.manager.runc)));
    }
}

/// Cuts the power at each command of the scripts.
fn cut_at_each_command(manager: &Manager) {
    for removing in [false, true] {
        for deadly in 1..100 {
            let mut node = Fragile::new(manager);
            let finished = if removing {
                node.install(0);
                node.cut(deadly, manager.remove)
            } else {
                let path = &manager.packages[0].1;
                node.cut(deadly, &[manager.install, &[path.as_str()]].concat())
            };
            if finished {
                assert!((8..99).contains(&deadly), "{deadly}");
                break;
            }
            node.assert_whole(removing);
            if !removing {
                node.install(0);
            }
            node.remove();
        }
    }
}

/// Ends the package manager at each of its own system calls that moves or removes a file: when it replaces the
/// distribution's package, when one of ours replaces the other, and when that is removed.
fn cut_at_each_move(manager: &Manager) {
    let calls = "rename,renameat,renameat2,unlink,unlinkat,rmdir";
    for (before, removing) in [(None, false), (Some(0), false), (Some(1), true)] {
        for deadly in 1..200 {
            let node = Fragile::new(manager);
            if let Some(before) = before {
                node.install(before);
            }
            let path = &manager.packages[1].1;
            let install = [manager.install, &[path.as_str()]].concat();
            let tracer: Vec<_> = [
                "-qq",
                "-o",
                "/dev/null",
                "-e",
                &format!("trace={calls}"),
                "-e",
                &format!("inject={calls}:signal=KILL:when={deadly}"),
            ]
            .map(str::to_owned)
            .to_vec();
            if node.run(&tracer, if removing { manager.remove } else { &install }) {
                assert!(deadly > 2, "{deadly}");
                break;
            }
            node.assert_whole(removing);
            if manager.program == "rpm" {
                // It names its files by the second, and no node starts within one.
                std::thread::sleep(Duration::from_secs(1));
            }
            if !removing {
                node.install(1);
            }
            node.remove();
        }
    }
}

#[test]
fn a_deb_loses_no_binary_at_any_command_of_its_scripts() {
    cut_at_each_command(&dpkg());
}

#[test]
fn an_rpm_loses_no_binary_at_any_command_of_its_scripts() {
    cut_at_each_command(&rpm());
}

#[test]
fn a_deb_loses_no_binary_at_any_move_of_dpkg() {
    cut_at_each_move(&dpkg());
}

#[test]
fn an_rpm_loses_no_binary_at_any_move_of_rpm() {
    cut_at_each_move(&rpm());
}

#[test]
fn what_the_scripts_say_is_on_the_disk() {
    for manager in [dpkg(), rpm()] {
        let node = (manager.new_node)();
        let trace = node.at("/trace");
        let tracer = ["-f", "-y", "-qq", "-e", "signal=none", "-s", "300", "-o"];
        let tracer = tracer.map(str::to_owned).into_iter();
        let path = manager.packages[0].1.as_str();
        for arguments in [&[manager.install, &[path]].concat()[..], manager.remove] {
            let output = installed("strace")
                .args(tracer.clone())
                .arg(&trace)
                .args(["-e", &format!("trace={CALLS}"), manager.program])
                .args((manager.head)(&node))
                .args(arguments)
                .output();
            assert!(output.expect("strace").status.success());
            let trace = fs::read_to_string(&trace).expect("the trace");
            let trace = of_scripts(&trace, &node.root());
            let folders = [
                Path::new("/usr/lib/kmembuild/previous"),
                Path::new(manager.runc),
            ];
            let words = ["the previous file is kept", "restored"];
            let renames = assert_renames_are_on_the_disk(&trace, &folders, &words);
            assert!(renames > 0);
        }
    }
}

/// The lines of what runs in the node, with the paths that it sees: what begins with the root of the node is written by the
/// package manager, which has an order of its own.
fn of_scripts(trace: &str, root: &str) -> String {
    let manager = trace.split_once(' ').map_or("", |(process, _)| process);
    let lines = trace.lines().filter(|line| !line.starts_with(manager));
    lines.map(|line| line.replace(root, "") + "\n").collect()
}
