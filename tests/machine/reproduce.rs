//! `kmembuild kmem exhaust`, with few cgroups: others work on this machine.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::Signal;
use serde_json::Value;

use crate::support::command::{Finished, Workplace};
use crate::support::memory_cgroup::MemoryCgroup;
use crate::support::preflight::installed;
use crate::support::running::Running;

/// A folder of the memory hierarchy for one test, so that tests do not meet.
fn place(name: &str) -> (MemoryCgroup, String) {
    let cgroup = MemoryCgroup::new(name);
    let root = cgroup.make("hierarchy").display().to_string();
    (cgroup, root)
}

fn reproduce(root: &str, words: &[&str]) -> Finished {
    Workplace::new().run(&[&["kmem", "exhaust", "--root", root], words].concat())
}

fn folders(root: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root).expect("a folder").flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    folders.map(|entry| entry.path()).collect()
}

/// Starts a run that is going to take a while, and waits until it has made some.
fn started(workplace: &Workplace, root: &str) -> Running {
    let mut run = workplace.start(&[
        "kmem", "exhaust", "--root", root, "--count", "5000", "--yes",
    ]);
    let folder = PathBuf::from(root).join(format!("kmembuild-reproduce-{}", run.id()));
    run.until(|| folder.join("cgroup-40").exists());
    run
}

#[test]
fn cgroups_are_made_and_removed_and_it_is_said_that_there_was_room() {
    let (_cgroup, root) = place("reproduce-room");
    let words = ["--count", "60", "--yes"];
    reproduce(&root, &words)
        .code(0)
        .prints(&format!(
            "made 60 of 60 memory cgroups in {root}/kmembuild-reproduce-"
        ))
        .prints("All of them have been removed; ")
        .prints(
            "\nno error: there was room for all 60 memory cgroups\nnext: kmembuild kmem status\n",
        );
    assert_eq!(folders(&root), Vec::<PathBuf>::new());
    let finished = reproduce(&root, &[&words[..], &["--format", "json"]].concat()).code(0);
    let document: Value = serde_json::from_str(&finished.stdout).expect("one document");
    let filled = &document["filled"];
    assert_eq!(
        (&document["format"], &filled["made"], &filled["end"]),
        (&1.into(), &60.into(), &"reached".into())
    );
    let number = |name: &str| filled[name].as_u64().expect("a number");
    // Others make and remove some as well.
    assert!(
        number("in-use-then") > number("in-use-before") + 30,
        "{filled}"
    );
}

#[test]
fn a_dry_run_makes_and_removes_nothing() {
    let (_cgroup, root) = place("reproduce-dry-run");
    reproduce(&root, &["--count", "60", "--dry-run"])
        .code(0)
        .prints(&format!(
            "would make 60 memory cgroups in {root}, and remove them; "
        ))
        .prints(&format!(
            "\nnext: kmembuild kmem exhaust --root {root} --count 60 --yes\n"
        ));
    assert_eq!(folders(&root), Vec::<PathBuf>::new());
    reproduce(&root, &["--count", "66000", "--dry-run"]).code(2);
    reproduce(&root, &["--cleanup", "--dry-run"])
        .code(0)
        .prints(&format!("nothing was left behind in {root}\n"));
    let left = PathBuf::from(&root).join("kmembuild-reproduce-1");
    fs::create_dir(&left).expect("a cgroup");
    fs::create_dir(left.join("cgroup-0")).expect("a cgroup");
    reproduce(&root, &["--cleanup", "--dry-run"])
        .code(0)
        .prints(&format!("would remove 1 memory cgroup from {root}\n"))
        .prints(&format!(
            "next: kmembuild kmem exhaust --root {root} --cleanup\n"
        ));
    assert_eq!(folders(&root), [left]);
    reproduce(&root, &["--cleanup"]).code(0);
    assert_eq!(folders(&root), Vec::<PathBuf>::new());
}

#[test]
fn the_error_of_a_kernel_without_room_is_shown_and_everything_removed() {
    // A real file system that has room for few folders and then says the same.
    let workplace = Workplace::new();
    let root = workplace.path().join("small");
    fs::create_dir(&root).expect("made");
    let mount = |program: &str, words: &[&str]| {
        let status = Command::new(program)
            .args(words)
            .arg(&root)
            .status()
            .expect("started");
        assert!(status.success(), "{program}");
    };
    mount(
        "mount",
        &["-t", "tmpfs", "-o", "nr_inodes=40", "kmembuild-test"],
    );
    // What every memory cgroup has.
    for file in ["cgroup.procs", "memory.usage_in_bytes"] {
        fs::write(root.join(file), "").expect("written");
    }
    let finished = reproduce(&root.display().to_string(), &["--count", "100", "--yes"]);
    let left = folders(&root.display().to_string());
    mount("umount", &[]);
    finished
        .code(0)
        .prints(" of 100 memory cgroups in ")
        .prints(": No space left on device (os error 28)\nkubelet and runc get the same error")
        .prints("All of them have been removed")
        .prints("\nno new pod could start: the kernel had no room for a memory cgroup after ");
    assert_eq!(left, Vec::<PathBuf>::new());
}

#[test]
fn an_interrupted_run_and_one_that_lost_its_terminal_remove_what_they_made() {
    let (_cgroup, root) = place("reproduce-stop");
    for how in [Signal::INT, Signal::TERM, Signal::HUP] {
        let workplace = Workplace::new();
        let run = started(&workplace, &root);
        run.send(how);
        run.finish()
            .code(130)
            .prints("Interrupted\nAll of them have been removed");
        assert_eq!(folders(&root), Vec::<PathBuf>::new());
    }
}

#[test]
fn what_a_killed_run_left_is_removed_and_a_live_one_left_alone() {
    let (_cgroup, root) = place("reproduce-kill");
    let workplace = Workplace::new();
    let run = started(&workplace, &root);
    reproduce(&root, &["--cleanup"]).code(0).prints(
        ": a running kmembuild is using it
",
    );
    run.kill();
    let left = folders(&root);
    assert_eq!(left.len(), 1);
    assert!(!folders(&left[0].display().to_string()).is_empty());
    // Only what has such a name is looked at.
    let other = PathBuf::from(&root).join("kmembuild-reproduce-notes");
    fs::create_dir(&other).expect("made");
    let said = format!("removed {} with ", left[0].display());
    reproduce(&root, &["--cleanup"]).code(0).prints(&said);
    assert_eq!(folders(&root), [other]);
    reproduce(&root, &["--cleanup"])
        .code(0)
        .prints("nothing was left behind in ");
}

#[test]
fn what_a_killed_run_of_the_same_number_left_is_told() {
    let (_cgroup, root) = place("reproduce-same");
    // A shell whose number the command takes over makes what a killed one would have left.
    let script = "mkdir \"$1/kmembuild-reproduce-$$\" && exec \"$0\" kmem exhaust --root \"$1\" --count 1 --yes";
    let output = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_kmembuild"), &root])
        .env("HOME", "/nonexistent")
        .output();
    Finished::from(output.expect("a shell"))
        .code(4)
        .says("was left behind by a killed run; remove it first")
        .says("hint: use `kmembuild kmem exhaust --cleanup` to remove it");
    assert_eq!(folders(&root).len(), 1);
    reproduce(&root, &["--cleanup"]).code(0).prints("removed ");
    assert_eq!(folders(&root), Vec::<PathBuf>::new());
}

#[test]
fn nothing_is_made_where_there_are_no_memory_cgroups() {
    let workplace = Workplace::new();
    let folder = workplace.path().display().to_string();
    let other = format!("/sys/fs/cgroup/pids/kmembuild-test-{}", std::process::id());
    fs::create_dir(&other).expect("this test needs root and the hierarchy of the pids controller");
    for (root, missing) in [(&folder, "cgroup.procs"), (&other, "memory.usage_in_bytes")] {
        for words in [&["--count", "1", "--yes"][..], &["--cleanup"]] {
            let finished = reproduce(root, words);
            let said = format!("{root} is not a memory cgroup (it has no {missing}); ");
            assert!(finished.stderr.contains(&said), "{finished:?}");
            finished.code(4);
        }
        assert_eq!(folders(root), Vec::<PathBuf>::new());
    }
    fs::remove_dir(&other).expect("removed");
}

#[test]
fn what_is_not_safe_is_refused() {
    let (_cgroup, root) = place("reproduce-refused");
    for (words, said) in [
        (&["--count", "60"][..], "hint: use --yes to confirm"),
        (
            &["--count", "65335", "--yes"],
            "and the last 200 are kept free for the system; at most ",
        ),
        (
            &["--count", "18446744073709551615", "--yes"],
            "cannot make 18446744073709551615 memory cgroups",
        ),
        (&["--yes"], "--count <N>"),
        (&["--cleanup", "--yes"], "cannot be used with"),
        (&["--count", "0", "--yes"], "invalid value '0'"),
    ] {
        reproduce(&root, words).code(2).says(said);
        assert_eq!(folders(&root), Vec::<PathBuf>::new());
    }
    reproduce("/nowhere", &["--count", "1", "--yes"])
        .code(4)
        .says("/nowhere is not a memory cgroup");
    let copy = tempfile::NamedTempFile::new()
        .expect("a file")
        .into_temp_path();
    fs::copy(env!("CARGO_BIN_EXE_kmembuild"), &copy).expect("copied");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&copy, mode).expect("changed");
    let output = installed("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(&*copy)
        .args(["kmem", "exhaust", "--count", "1", "--yes"])
        .env("HOME", "/nonexistent")
        .current_dir("/")
        .output();
    Finished::from(output.expect("setpriv is there"))
        .code(2)
        .says("making and removing cgroups requires root");
}
