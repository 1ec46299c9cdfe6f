//! The files of `examples/monitoring`, each checked by the program that reads it.

mod node_problem_detector;
mod prometheus;
mod systemd;

use std::path::PathBuf;
use std::process::Command;

use crate::support::command::Workplace;
use crate::support::programs::{ON, compile, own_folder};

/// A file or a directory of the example.
fn example(name: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.join("examples/monitoring").join(name)
}

/// Runs a command that must end with that code; what it printed, and said.
#[track_caller]
fn run(command: &mut Command, code: i32) -> (String, String) {
    let output = command.output().expect("it is installed");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, error) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{out}\n{error}");
    (out, error)
}

/// A directory with a runc that turns accounting on, and the PATH on which it is the first.
fn leaking_runc() -> (tempfile::TempDir, String) {
    let folder = own_folder();
    compile(&folder.path().join("runc"), "runc version 1.0.0-rc8", ON);
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    (folder, path)
}

/// A script that runs the tool on a kernel of that release, in the place of the tool.
fn tool_on_kernel(workplace: &Workplace, kernel: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let line = Workplace::line_on_kernel(kernel, &[]);
    let path = workplace.path().join("kmembuild");
    std::fs::write(&path, format!("#!/bin/sh\nexec {line} \"$@\"\n")).expect("written");
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&path, executable).expect("a mode");
    path
}
