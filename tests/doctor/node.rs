//! Kernels and cgroups of many kinds, from what their /proc holds, and programs that are installed there.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use kmembuild::host::doctor::{
    Leaks, Line, Node, find_programs, judge_hierarchy, judge_kernel, judge_memory_cgroups,
    judge_programs,
};

use crate::support::command::Workplace;
use crate::support::golden::assert_golden;

/// A text of the code that turns accounting on, and one of a build that leaves it out.
const ON: &str = "because either tasks have already joined this cgroup or it has children";
const OFF: &str = "kernel memory accounting disabled in this runc build";

fn node(name: &str) -> Node {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/doctor");
    Node::read(&Path::new(fixtures).join(name))
}

/// Compiles a program that says its version, and holds a text as a Go binary would.
fn compile(path: &Path, version: &str, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    let code = format!(
        "#include <stdio.h>\n\
         __attribute__((used)) static const char text[] = \"main.x{text}nil\";\n\
         int main(void) {{ puts(\"{version}\"); return 0; }}"
    );
    let source = path.with_extension("c");
    fs::write(&source, code).expect("a source");
    let compiled = Command::new("cc").arg("-o").args([path, &source]).output();
    let compiled = compiled.expect("a C compiler is needed, as for the tool itself");
    assert!(compiled.status.success(), "{compiled:?}");
    fs::remove_file(source).expect("a source");
}

/// What is installed: two quiet ones, one that is not, one by two names, and things that are no programs.
fn installed() -> (tempfile::TempDir, Vec<PathBuf>) {
    let root = tempfile::tempdir().expect("a temporary folder");
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
    let (root, folders) = installed();
    let programs = find_programs(&folders);
    for name in [
        "centos7",
        "centos7-full",
        "centos7-nokmem",
        "fedora22",
        "hybrid",
        "modern",
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
fn the_running_host_is_looked_at() {
    let (_root, folders) = installed();
    let workplace = Workplace::new();
    let mut command = workplace.command(&["doctor", "--only", "leak"]);
    let path = std::env::join_paths([folders[2].clone(), "relative".into()]).expect("a path");
    command.env("PATH", path);
    let output = command.output().expect("the command starts");
    let finished = crate::support::command::Finished::from(output);
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").expect("a kernel");
    finished
        .prints("Does it leak?")
        .prints(release.trim())
        .prints("of at most 65535")
        .prints("runc version 1.0.0-rc10; accounting on")
        .prints("Kubernetes v1.15.5; accounting off");
}
