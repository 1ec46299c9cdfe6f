//! The timer, by systemd itself, and what it runs.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{example, leaking_runc, run, tool_on_kernel};
use crate::support::cgroup_folder::{CACHE, CgroupFolder, HEAD};
use crate::support::command::Workplace;
use crate::support::kernel_release::CENTOS_7;

const SERVICE: &str = "kmembuild-textfile.service";

/// What `systemd-analyze verify` says of both units, with the service's text changed so.
fn verify(folder: &Path, old: &str, new: &str, code: i32) -> String {
    let text = fs::read_to_string(example("systemd").join(SERVICE)).expect("the service");
    assert!(text.contains(old), "{old}");
    let service = folder.join(SERVICE);
    fs::write(&service, text.replace(old, new)).expect("written");
    let timer = folder.join("kmembuild-textfile.timer");
    fs::copy(example("systemd/kmembuild-textfile.timer"), &timer).expect("copied");
    let mut command = Command::new("systemd-analyze");
    let (_, said) = run(command.arg("verify").args([service, timer]), code);
    said
}

#[test]
fn the_units_are_as_systemd_wants_them() {
    let folder = tempfile::tempdir().expect("a folder");
    // Where it lies here.
    let installed = "/usr/local/sbin/kmembuild-textfile";
    let here = example("systemd/kmembuild-textfile").display().to_string();
    assert_eq!(verify(folder.path(), installed, &here, 0), "");
    let missing = verify(folder.path(), installed, "/nowhere/kmembuild-textfile", 1);
    assert!(missing.contains("is not executable"), "{missing}");
    let unknown = verify(folder.path(), "Nice=10", "Nicer=10\nExecStop=", 1);
    assert!(unknown.contains("Nicer"), "{unknown}");
}

#[test]
fn what_the_timer_writes_are_metrics_and_never_half_a_file() {
    let workplace = Workplace::new();
    let cgroups = CgroupFolder::new();
    cgroups.cgroup("kubepods", &format!("{HEAD}{CACHE}"), "");
    let root = cgroups.argument();
    let folder = workplace.path().join("textfile");
    fs::create_dir(&folder).expect("a folder");
    let (_programs, path) = leaking_runc();
    let write = |root: &str, code| {
        let mut command = Command::new("sh");
        command
            .arg(example("systemd/kmembuild-textfile"))
            .arg(&folder)
            .args(["--root", root])
            .env("PATH", &path)
            .env("KMEMBUILD", tool_on_kernel(&workplace, CENTOS_7));
        run(&mut command, code);
        let names = fs::read_dir(&folder).expect("a folder");
        let names: Vec<_> = names
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        assert_eq!(names, ["kmembuild.prom"]);
        fs::read_to_string(folder.join("kmembuild.prom")).expect("the metrics")
    };
    // A node that leaks has metrics as well.
    let metrics = write(&root, 0);
    assert!(
        metrics.contains("kmembuild_node_state{state=\"leaks\"} 1\n"),
        "{metrics}"
    );
    assert!(
        metrics.contains("kmembuild_kmem_accounting{state=\"on\"} 1\n"),
        "{metrics}"
    );
    let mut promtool = Command::new("promtool");
    let file = fs::File::open(folder.join("kmembuild.prom")).expect("the metrics");
    promtool.args(["check", "metrics"]).stdin(Stdio::from(file));
    run(&mut promtool, 0);
    // Without an answer, what was written before stays.
    assert_eq!(write("/nowhere", 1), metrics);
}
