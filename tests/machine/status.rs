//! `kmembuild kmem status` where real file systems answer.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use fuser::Errno;

use crate::support::cgroup_folder::{CACHE, CgroupFolder, HEAD};
use crate::support::cgroup_fuse::{Answer, Cgroups};
use crate::support::command::{Finished, Workplace};
use crate::support::debian_image::debian_image;
use crate::support::docker_command::docker;
use crate::support::kernel_release::CENTOS_7;
use crate::support::memory_cgroup::MemoryCgroup;
use crate::support::preflight::installed;
use crate::support::scratch::Scratch;

const ID: &str = "0af50af50af50af50af50af50af50af50af50af50af50af50af50af50af50af5";
const OFF: Answer = Answer::Error(Errno::EIO);

fn status(cgroups: Cgroups, words: &[&str]) -> Finished {
    let mounted = cgroups.mount();
    let root = mounted.root().display().to_string();
    let words = [&["kmem", "status", "--root", &root], words].concat();
    Workplace::new().run_on_kernel(CENTOS_7, &words)
}

/// A node with pods in it, all without accounting.
fn quiet() -> Cgroups {
    Cgroups::new()
        .cgroup("kubepods", OFF)
        .cgroup("kubepods/burstable", OFF)
        .cgroup("kubepods/burstable/pod1", OFF)
        .cgroup(&format!("kubepods/burstable/pod1/{ID}"), OFF)
}

#[test]
fn an_input_output_error_is_accounting_that_is_off() {
    let found = status(quiet(), &[])
        .code(0)
        .prints("accounting         off\n");
    assert_eq!(found.stderr, "");
    let found = status(quiet(), &["--all"]).code(0);
    found.prints(
        "/kubepods/burstable/pod1: reading memory.kmem.slabinfo fails with an input/output error\n",
    );
    status(Cgroups::new().cgroup("kubepods", OFF), &[])
        .code(0)
        .prints("off for kubelet; unknown for runc, because there are no containers");
    status(
        Cgroups::new().cgroup(&format!("system.slice/docker-{ID}.scope"), OFF),
        &[],
    )
    .code(0)
    .prints("off for runc; unknown for kubelet, because there are no pods");
    // Nobody turns it on in this one, so it tells nothing.
    status(Cgroups::new().cgroup("docker", OFF), &[]).code(4);
}

#[test]
fn one_that_is_on_or_cannot_be_read_spoils_it() {
    let text: &'static str = Box::leak(format!("{HEAD}{CACHE}").into_boxed_str());
    let one = quiet().cgroup("kubepods/burstable/pod1/other", Answer::Text(text));
    status(one, &[])
        .code(3)
        .says("error: kernel-memory accounting is on in 1 cgroup\n")
        .says("hint: runc turned it on");
    let denied = quiet().cgroup("kubepods/pod2", Answer::Error(Errno::EACCES));
    status(denied, &[])
        .code(4)
        .prints("problem: /kubepods/pod2: could not read memory.kmem.slabinfo: Permission denied");
}

#[test]
fn one_of_somebody_else_spoils_it() {
    let text: &'static str = Box::leak(format!("{HEAD}{CACHE}").into_boxed_str());
    let slurm = quiet()
        .cgroup("slurm", OFF)
        .cgroup("slurm/uid_1000/job_77", Answer::Text(text));
    status(slurm, &[])
        .code(3)
        .says("error: kernel-memory accounting is on in 1 cgroup\n")
        .prints("turned on for      Slurm (1)\n");
    status(quiet().cgroup("default/redis", Answer::Text(text)), &[])
        .code(3)
        .prints("turned on for      containerd (1)\n")
        .says("hint: runc turned it on");
    let denied = quiet().cgroup("batch", Answer::Error(Errno::EACCES));
    status(denied, &[]).code(4);
    status(quiet().cgroup("batch", OFF), &[]).code(0);
}

#[test]
fn cgroups_that_vanish_are_passed_by() {
    let found = status(quiet().gone("kubepods/burstable/pod9").gone("docker"), &[]).code(0);
    assert!(!found.stdout.contains("problem"), "{}", found.stdout);
    assert!(
        !found.stdout.contains("parents of containers"),
        "{}",
        found.stdout
    );
}

#[test]
fn the_machines_own_hierarchy_is_walked() {
    let cgroup = MemoryCgroup::new("status");
    let pod = cgroup.make("kubepods/burstable/pod7");
    let found = Workplace::new().run(&["kmem", "status", "--all"]);
    let mounted = found
        .prints("of 65535 in use")
        .prints(" removed, but still kept by");
    let path = pod
        .strip_prefix(MemoryCgroup::HIERARCHY)
        .expect("below")
        .display();
    // What a kernel says depends on its version; that it was asked does not.
    let line = format!("/{path}: ");
    let mut lines = mounted.stdout.lines();
    let said = lines.find_map(|found| found.strip_prefix(&line));
    assert!(
        said.is_some_and(|said| said.contains("memory.kmem.")),
        "{}",
        mounted.stdout
    );
    assert!(!mounted.stdout.contains("problem:"), "{}", mounted.stdout);
}

#[test]
fn a_hierarchy_that_may_not_be_read_is_told() {
    let cgroups = CgroupFolder::new();
    for path in ["kubepods", "kubepods/burstable", "kubepods/besteffort"] {
        cgroups.cgroup(path, &format!("{HEAD}{CACHE}"), "");
    }
    let closed = cgroups.root().join("kubepods/burstable");
    fs::set_permissions(&closed, Permissions::from_mode(0o0)).expect("changed");
    fs::set_permissions(cgroups.root(), Permissions::from_mode(0o755)).expect("changed");
    let copy = tempfile::NamedTempFile::new()
        .expect("a file")
        .into_temp_path();
    fs::copy(env!("CARGO_BIN_EXE_kmembuild"), &copy).expect("copied");
    fs::set_permissions(&copy, Permissions::from_mode(0o755)).expect("changed");
    // Root may read everything, so that somebody else has to try.
    let output = installed("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(&*copy)
        .args(["kmem", "status", "--root", &cgroups.argument()])
        .env("HOME", "/nonexistent")
        .current_dir("/")
        .output()
        .expect("setpriv is there");
    fs::set_permissions(&closed, Permissions::from_mode(0o755)).expect("changed");
    // Whatever this kernel does by itself.
    let finished = Finished::from(output);
    finished.prints("problem: /kubepods/burstable: could not be read: Permission denied");
}

#[test]
fn a_container_of_the_engine_is_known_as_one() {
    let scratch = Scratch::new("status");
    let label = format!("io.kmembuild.run={}", scratch.run);
    let id = docker(&[
        "run",
        "-d",
        "--label",
        &label,
        "--network",
        "none",
        &debian_image(),
        "sleep",
        "300",
    ]);
    let found = Workplace::new().run(&["kmem", "status", "--all", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&found.stdout).expect("one document");
    let shown = document["status"]["shown"].as_array().expect("a list");
    let path = serde_json::Value::from(format!("/docker/{id}"));
    let container = shown
        .iter()
        .find(|cgroup| cgroup["cgroup"] == path)
        .expect("the container");
    assert_eq!(container["level"], "container");
    assert!(
        document["status"]["kernel-memory"]
            .as_u64()
            .is_some_and(|bytes| bytes > 0)
    );
}
