//! The script for nodes tries the new runc: Debian's, on the cgroups of this machine. What it replaces is in a folder of the
//! test, and what it writes elsewhere is in folders that are mounted for it alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::command::{Finished, Workplace};
use crate::support::disk_order::{CALLS, assert_renames_are_on_the_disk};
use crate::support::memory_cgroup::MemoryCgroup;
use crate::support::node_results::{LOUD, QUIET, program, write_manifest};
use crate::support::preflight::installed;
use crate::support::running::Running;

/// What makes the container of the trial run on, whatever it is told: the first process of a container ignores signals.
const ENDLESS: (&str, &str) = (
    "echo kmembuild-trial",
    "while :; do sleep 1; done; echo kmembuild-trial",
);

/// A machine with a runc to replace, and a script for a new one.
struct Machine {
    // Only root may write to it, or to what is above.
    folder: TempDir,
}

impl Machine {
    /// One whose new runc is made by `build` at a path.
    fn new(build: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir_in("/root").expect("this test needs root");
        let machine = Self { folder };
        for name in ["lib", "run"] {
            fs::create_dir(machine.path(name)).expect("a folder");
        }
        program(&machine.path("old/runc"), "runc version 1.0.0-rc8", LOUD);
        let result = machine.path("dist/runc/v1.0.0-rc10/linux-amd64");
        fs::create_dir_all(&result).expect("a folder");
        build(&result.join("runc"));
        write_manifest(&result, "runc", "v1.0.0-rc10", "linux-amd64", "runc");
        let script = machine.path("dist/node.sh").display().to_string();
        let result = result.display().to_string();
        Workplace::new()
            .run(&["node-script", &result, "-o", &script])
            .code(0);
        machine
    }

    /// One whose new runc is Debian's.
    fn of_debian() -> Self {
        Self::new(|path| {
            let which = Command::new("sh").args(["-c", "command -v runc"]).output();
            let runc = String::from_utf8(which.expect("a shell").stdout).expect("a path");
            installed("runc").arg("--version").output().expect("runc");
            fs::copy(runc.trim(), path).expect("copied");
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Changes the script.
    fn edit(&self, (from, to): (&str, &str)) {
        let path = self.path("dist/node.sh");
        let script = fs::read_to_string(&path).expect("the script");
        assert!(script.contains(from), "{from}");
        fs::write(path, script.replace(from, to)).expect("written");
    }

    /// The script, after what `first` does on the machine.
    fn command(&self, first: &str, words: &str) -> Command {
        let folder = self.folder.path().display();
        let script = format!(
            "set -e; mount --bind {folder}/lib /var/lib; mount --bind {folder}/run /run; {first}\n\
             exec $TRACE sh {folder}/dist/node.sh --no-services --runc {folder}/old/runc {words}"
        );
        let mut command = Command::new("unshare");
        command.args(["--mount", "--", "sh", "-c", &script]);
        command
    }

    fn run(&self, first: &str, words: &str) -> Finished {
        let output = self.command(first, words).output();
        output.expect("unshare is there").into()
    }

    fn old_says(&self) -> String {
        let output = Command::new(self.path("old/runc"))
            .arg("--version")
            .output();
        let text = String::from_utf8(output.expect("it runs").stdout).expect("text");
        text.lines().next().unwrap_or_default().to_owned()
    }

    /// Whether a trial left anything: files, a state, a cgroup, a process.
    fn left(&self) -> Vec<String> {
        let mut left = Vec::new();
        for folder in ["lib", "run"] {
            let entries = fs::read_dir(self.path(folder)).expect("a folder").flatten();
            let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
            left.extend(names.filter(|name| name.contains("trial")));
        }
        left.extend(self.cgroups());
        left
    }

    /// The cgroups of this machine's trial: other tests may have theirs meanwhile.
    fn cgroups(&self) -> Vec<String> {
        let states = fs::read_dir(self.path("run")).expect("a folder").flatten();
        let states: Vec<_> = states.map(|entry| entry.file_name()).collect();
        let hierarchy = Path::new(MemoryCgroup::HIERARCHY);
        let cgroups = states.iter().map(|name| hierarchy.join(name));
        let cgroups = cgroups.filter(|path| path.join("cgroup.procs").exists());
        cgroups.map(|path| path.display().to_string()).collect()
    }

    fn assert_untouched(&self) {
        assert_eq!(self.old_says(), "runc version 1.0.0-rc8");
        assert_eq!(self.left(), Vec::<String>::new());
        assert!(!self.path("lib/kmembuild-node").exists());
    }
}

#[test]
fn a_runc_that_runs_a_container_is_installed() {
    let machine = Machine::of_debian();
    let ran = "the new runc ran a container on this node, with a memory limit\n";
    machine.run("", "--dry-run").code(0).prints(ran);
    machine.assert_untouched();
    machine.run("", "").code(0).prints(ran).prints("replaced ");
    assert!(machine.old_says().starts_with("runc version 1."));
    assert_eq!(machine.left(), Vec::<String>::new());
    // Nothing is left to replace, and so nothing to try.
    let again = machine.run("", "").code(0);
    assert!(!again.stdout.contains(ran), "{}", again.stdout);
}

#[test]
fn a_runc_that_runs_no_container_replaces_nothing() {
    let machine = Machine::of_debian();
    for (first, said) in [
        (
            "mount -o remount,bind,ro /sys/fs/cgroup/memory",
            "read-only file system",
        ),
        // runc runs from a copy of itself, which some kernels and policies forbid: it mounts itself, and if that fails,
        // copies itself to memory.
        (
            "TRACE='strace -f -qq -o /dev/null -e inject=mount:error=EPERM:when=1 -e inject=memfd_create:error=EACCES'",
            "cloned binary",
        ),
        (
            "TRACE='strace -f -qq -o /dev/null -e inject=pivot_root:error=EINVAL'",
            "pivot_root",
        ),
        ("umount /sys/fs/cgroup/memory", "memory"),
    ] {
        machine
            .run(first, "")
            .code(1)
            .says("problem: the new runc could not run a container on this node: ")
            .says(said)
            .says("nothing was changed");
        machine.assert_untouched();
    }
    // Only who says so goes without, and it is the last that is said.
    machine
        .run(
            "mount -o remount,bind,ro /sys/fs/cgroup/memory",
            "--no-trial",
        )
        .code(0)
        .says("warning: the new runc is not tried with a container (--no-trial)")
        .prints("NOT TRIED: no container was run with the new runc (--no-trial)\n");
    assert!(machine.old_says().starts_with("runc version 1."));
}

#[test]
fn a_program_that_runs_nothing_is_no_runc() {
    let machine = Machine::new(|path| program(path, "runc version 1.0.0-rc10\\33[2J", QUIET));
    let found = machine.run("", "").code(1);
    let found = found
        .says("it ended well, but the container did not show its memory limit of 67108864 bytes")
        .says("    runc version 1.0.0-rc10?[2J\n");
    assert!(!found.stdout.contains('\u{1b}'), "{found:?}");
    machine.assert_untouched();
}

#[test]
fn a_container_that_does_not_end_is_ended() {
    let machine = Machine::of_debian();
    machine.edit(ENDLESS);
    machine.edit(("trial_time=60", "trial_time=2"));
    machine
        .run("", "")
        .code(1)
        .says("it did not end within 2 s; it printed:");
    machine.assert_untouched();
}

#[test]
fn a_signal_ends_the_trial_and_what_it_started() {
    let machine = Machine::of_debian();
    machine.edit(ENDLESS);
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130)] {
        let mut running = Running::start(&mut machine.command("", ""));
        running.until(|| has_processes(&machine.cgroups()));
        running.send(signal);
        let finished = running.finish().code(code);
        finished.says("interrupted; run the script again");
        machine.assert_untouched();
    }
    // A script that is killed leaves it to the next.
    let mut running = Running::start(&mut machine.command("", ""));
    running.until(|| has_processes(&machine.cgroups()));
    running.kill();
    assert!(!machine.left().is_empty());
    machine.edit((ENDLESS.1, ENDLESS.0));
    machine.run("", "--dry-run").code(0);
    machine.assert_untouched();
}

/// Whether a container is at work in one of the cgroups.
fn has_processes(cgroups: &[String]) -> bool {
    cgroups.iter().any(|cgroup| {
        let processes = fs::read_to_string(Path::new(cgroup).join("cgroup.procs"));
        processes.is_ok_and(|processes| !processes.is_empty())
    })
}

#[test]
fn what_is_said_is_on_the_disk() {
    let machine = Machine::new(|path| program(path, "runc version 1.0.0-rc10", QUIET));
    let old = machine.path("old");
    let lib = Path::new("/var/lib/kmembuild-node");
    for (words, renames) in [("--no-trial", 4), ("--rollback", 2)] {
        let trace = machine.path("trace");
        let tracer = format!(
            "TRACE='strace -f -y -qq -e signal=none -s 300 -o {} -e trace={CALLS}'",
            trace.display()
        );
        machine.run(&tracer, words).code(0).prints("replaced ");
        let trace = fs::read_to_string(trace).expect("the trace");
        // The kept one, two of the state, and the binary; on the way back one of the state, and the binary.
        let words = ["replaced ", "kept ", "restored"];
        let found = assert_renames_are_on_the_disk(&trace, &[&old, lib], &words);
        assert_eq!(found, renames);
    }
}
