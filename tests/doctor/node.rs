//! Kernels and cgroups of many kinds, from what their /proc holds, and programs that are installed there.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use kmembuild::host::Kernel;
use kmembuild::host::doctor::{
    Leaks, Line, Node, find_programs, judge_hierarchy, judge_kernel, judge_memory_cgroups,
    judge_programs,
};
use kmembuild::verify::VersionRun;
use rustix::process::{Signal, geteuid};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::command::{Finished, Workplace};
use crate::support::golden::assert_golden;
use crate::support::programs::{OFF, ON, compile, compile_code, own_folder};
use crate::support::running::Running;

fn node(name: &str) -> Node {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/doctor");
    Node::read(&Path::new(fixtures).join(name))
}

/// What is installed: two quiet ones, one that is not, one by two names, and things that are no programs.
fn installed_programs() -> (TempDir, Vec<PathBuf>) {
    let root = own_folder();
    let at = |name: &str| root.path().join(name);
    compile(&at("usr/bin/runc"), "runc version 1.0.0-rc10", ON);
    compile(
        &at("usr/libexec/docker/docker-runc-current"),
        "runc version 1.0.0-rc8",
        OFF,
    );
    compile(&at("usr/bin/kubelet"), "Kubernetes v1.15.5", OFF);
    compile(&at("usr/bin/dockerd"), "Docker version 18.09.9", "");
    compile(&at("opt/bin/hyperkube"), "", "");
    fs::create_dir_all(at("usr/local/bin")).expect("a folder");
    symlink(at("usr/bin/runc"), at("usr/local/bin/runc")).expect("a link");
    symlink(at("nowhere"), at("usr/local/bin/kubelet")).expect("a link");
    fs::create_dir_all(at("usr/sbin/runc")).expect("a folder of that name");
    fs::write(at("usr/bin/docker"), "#!/bin/sh\nexit 0\n").expect("a script");
    fs::set_permissions(at("usr/bin/docker"), fs::Permissions::from_mode(0o755)).expect("a mode");
    let folders = [
        "usr/local/bin",
        "usr/sbin",
        "usr/bin",
        "usr/libexec/docker",
        "opt/bin",
        "none",
    ];
    let folders = folders.map(&at).to_vec();
    (root, folders)
}

fn text(lines: &[Line], root: &Path) -> String {
    let root = fs::canonicalize(root).expect("the folder");
    let one = |line: &Line| {
        let subject = line.subject.as_deref().unwrap_or("-");
        let remedy = line.remedy.as_deref().unwrap_or("-");
        format!(
            "{:?} {} {subject}\n  {}\n  {remedy}\n",
            line.level, line.check, line.found
        )
    };
    let text: String = lines.iter().map(one).collect();
    text.replace(&root.display().to_string(), "")
        .replace(env!("CARGO_MANIFEST_DIR"), "")
}

#[test]
fn every_kind_of_node_is_judged_as_it_should_be() {
    let (root, folders) = installed_programs();
    let programs = find_programs(&folders, &[], &|| false);
    for name in [
        "centos7",
        "centos7-full",
        "centos7-nokmem",
        "fedora22",
        "hybrid",
        "modern",
        "without-v1",
        "broken",
    ] {
        let node = node(name);
        let mut lines = judge_kernel(&node);
        lines.push(judge_hierarchy(&node));
        lines.push(judge_memory_cgroups(&node));
        lines.extend(judge_programs(&programs, Leaks::on(&node)));
        assert_golden("doctor", name, &text(&lines, root.path()));
    }
}

#[test]
fn bytes_that_are_no_text_do_not_hide_the_rest() {
    let proc = tempfile::tempdir().expect("a temporary folder");
    let mounts = b"36 35 0:9 / /mnt/\xff rw - tmpfs tmpfs rw\n29 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
    fs::create_dir(proc.path().join("self")).expect("a folder");
    fs::write(proc.path().join("self/mountinfo"), mounts).expect("a file");
    let line = judge_hierarchy(&Node::read(proc.path()));
    assert!(line.found.starts_with("version 2"), "{line:?}");
}

/// What the doctor found about a check, of one line or several.
fn found(finished: &Finished, check: &str) -> Vec<String> {
    let document: Value = serde_json::from_str(&finished.stdout).expect("a JSON document");
    let lines = document["lines"].as_array().expect("lines");
    let of_check = lines.iter().filter(|line| line["check"] == check);
    let texts = of_check.map(|line| line["found"].as_str().expect("a text").to_owned());
    texts.collect()
}

#[test]
fn the_running_host_is_looked_at() {
    let (_root, folders) = installed_programs();
    let workplace = Workplace::new();
    // What a relative entry names depends on where one stands, and is no installed program.
    compile(&workplace.path().join("relative/runc"), "runc relative", ON);
    let path = std::env::join_paths([folders[2].clone(), "relative".into()]).expect("a path");
    let run = |format: &str| {
        let mut command = workplace.command(&["doctor", "--only", "leak", "--format", format]);
        let output = command.env("PATH", &path).output();
        Finished::from(output.expect("the command starts"))
    };
    run("text").prints("Does it leak?");
    let finished = run("json");
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").expect("a kernel");
    assert!(found(&finished, "kernel")[0].starts_with(release.trim()));
    assert_eq!(found(&finished, "memory-cgroups").len(), 1);
    let runc = found(&finished, "runc");
    let ours = "runc version 1.0.0-rc10; accounting on";
    assert!(runc.iter().any(|text| text.starts_with(ours)), "{runc:?}");
    assert!(!finished.stdout.contains("relative"), "{}", finished.stdout);
    let kubelet = found(&finished, "kubelet");
    let ours = "Kubernetes v1.15.5; accounting off";
    assert!(
        kubelet.iter().any(|text| text.starts_with(ours)),
        "{kubelet:?}"
    );
}

#[test]
fn root_runs_no_program_that_others_may_replace() {
    let folder = own_folder();
    let root = fs::canonicalize(folder.path()).expect("the folder");
    for name in ["closed/runc", "open/runc", "written/runc"] {
        compile(&root.join(name), "runc version 1", ON);
    }
    let mode = |name: &str, mode| {
        let mode = fs::Permissions::from_mode(mode);
        fs::set_permissions(root.join(name), mode).expect("a mode");
    };
    mode("open", 0o1777);
    mode("written/runc", 0o775);
    let folders = ["closed", "open", "written"].map(|name| root.join(name));
    let programs = find_programs(&folders, &[], &|| false);
    for program in &programs {
        let others = VersionRun::NotRun {
            reason: "users other than root can replace it".to_owned(),
        };
        let run = program.version.as_ref().expect("a program");
        let is_closed = program.path.starts_with(root.join("closed"));
        assert_eq!(
            *run != others,
            is_closed || !geteuid().is_root(),
            "{program:?}"
        );
    }
    assert_eq!(programs.len(), 3);
    if geteuid().is_root() {
        let lines = judge_programs(&programs, Leaks::No("nothing"));
        let text = "not run: users other than root can replace it; accounting on";
        assert!(lines[1].found.starts_with(text), "{lines:?}");
    }
}

#[test]
fn an_interrupt_ends_what_was_started() {
    let folder = own_folder();
    let started = folder.path().join("started");
    let code = format!(
        "#include <stdio.h>\n\
         #include <unistd.h>\n\
         int main(void) {{ FILE *f = fopen(\"{0}.new\", \"w\"); char own[32] = {{0}};\n\
         readlink(\"/proc/self\", own, 31); fputs(own, f); fclose(f);\n\
         rename(\"{0}.new\", \"{0}\"); sleep(60); return 0; }}",
        started.display()
    );
    compile_code(&folder.path().join("runc"), &code);
    let workplace = Workplace::new();
    let mut command = workplace.command(&["doctor", "--only", "leak"]);
    command.env("PATH", folder.path());
    let mut doctor = Running::start(&mut command);
    doctor.until(|| started.exists());
    doctor.send(Signal::INT);
    doctor.finish().code(130).says("nothing was changed");
    let process = fs::read_to_string(&started).expect("a number");
    let left = Path::new("/proc").join(process);
    assert!(!left.exists(), "{} is still there", left.display());
}

#[test]
fn kernels_are_judged_by_their_release() {
    for (release, expected) in [
        ("3.10.0-693.el7.x86_64", Kernel::Affected),
        ("3.10.0-1062.el7.x86_64", Kernel::Affected),
        ("3.10.0-1127.19.1.el7.x86_64", Kernel::Affected),
        ("3.16.0-4-amd64", Kernel::Affected),
        ("3.8.0", Kernel::Affected),
        ("4.0.0", Kernel::Unclear),
        ("4.3.6-201.fc22.x86_64", Kernel::Unclear),
        ("2.6.32-754.el6.x86_64", Kernel::Unclear),
        ("4.4.0", Kernel::NotAffected),
        ("4.14.35-1902.el7uek.x86_64", Kernel::NotAffected),
        ("4.18.0-80.el8.x86_64", Kernel::NotAffected),
        ("4.40", Kernel::NotAffected),
        ("30.1", Kernel::NotAffected),
        ("6.18.44", Kernel::NotAffected),
        ("", Kernel::Unclear),
        ("4", Kernel::Unclear),
        ("strange", Kernel::Unclear),
    ] {
        assert_eq!(Kernel::of(release), expected, "{release}");
    }
}
