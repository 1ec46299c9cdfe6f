//! The C library that a binary is held to: this machine's own, unless somebody asks for another.

use std::fs;
use std::path::Path;
use std::process::Command;

use kmembuild::plan::canonical_json;
use kmembuild::verify::{MachineGlibc, inspect};
use serde_json::Value;

use crate::plans::case::Case;
use crate::support::command::{Finished, Workplace};
use crate::support::manifest_of::manifest_of;
use crate::support::programs::compile;

/// The check of the C library.
fn check(finished: &Finished) -> Option<Value> {
    let document: Value = serde_json::from_str(&finished.stdout).expect("one document");
    let checks = document["files"][0]["checks"].as_array().expect("checks");
    checks
        .iter()
        .find(|check| check["name"] == "glibc")
        .cloned()
}

fn verify(workplace: &Workplace, path: &Path, more: &[&str]) -> Finished {
    let path = path.display().to_string();
    let words = [
        &["verify", "--no-kmem", "--no-run", "--format", "json", &path],
        more,
    ]
    .concat();
    workplace.run(&words)
}

#[test]
fn a_program_of_this_machine_is_held_to_its_own_c_library() {
    let workplace = Workplace::new();
    let program = workplace.path().join("runc");
    // What this machine's compiler makes, starts here.
    compile(&program, "runc version 1", "");
    let finished = verify(&workplace, &program, &[]).code(0);
    let found = check(&finished).expect("a check");
    let architecture = inspect(&program)
        .expect("findings")
        .architecture
        .expect("known");
    let own = MachineGlibc::find(Path::new("/"), &architecture).expect("a C library");
    let expected = format!(
        "starts with glibc {}, that of this machine ({})",
        own.version,
        own.path.display()
    );
    assert_eq!(found["expected"], Value::from(expected));
    // Who names a version asks for that one.
    let finished = verify(&workplace, &program, &["--glibc-floor", "2.1"]).code(16);
    assert_eq!(
        check(&finished).expect("a check")["expected"],
        "starts with glibc 2.1"
    );
}

#[test]
fn a_file_of_a_result_is_held_to_what_its_plan_requires() {
    let workplace = Workplace::new();
    let folder = workplace.path().join("dist/runc/v1.0.0-rc10/linux-amd64");
    let program = folder.join("runc");
    compile(&program, "runc version 1", "");
    let manifest = manifest_of(&folder, "runc", "v1.0.0-rc10", "linux-amd64", "runc");
    fs::write(folder.join("manifest.json"), manifest.to_string()).expect("written");
    let mut plan = Case::runc("v1.0.0-rc10").plan();
    let outputs = plan.outputs.len();
    let write =
        |plan: &_| fs::write(folder.join("plan.json"), canonical_json(plan)).expect("written");
    for (floor, expected) in [
        (
            Some("2.1"),
            Some("starts with glibc 2.1, as its plan requires"),
        ),
        (
            Some("2.99"),
            Some("starts with glibc 2.99, as its plan requires"),
        ),
        (None, None),
    ] {
        for output in &mut plan.outputs {
            output.expectations.glibc_floor = floor.map(|floor| floor.parse().expect("a version"));
        }
        write(&plan);
        let finished = verify(&workplace, &program, &[]);
        let found = check(&finished).map(|check| check["expected"].clone());
        assert_eq!(found, expected.map(Value::from), "{outputs} outputs");
        assert_eq!(
            finished.code == Some(16),
            floor == Some("2.1"),
            "{}",
            finished.stderr
        );
    }
    // A name that no plan has, and a plan that cannot be read, ask for no less than the oldest nodes.
    fs::copy(&program, folder.join("other")).expect("copied");
    let finished = verify(&workplace, &folder.join("other"), &[]);
    assert_eq!(
        check(&finished).expect("a check")["expected"],
        "starts with glibc 2.17"
    );
    fs::write(folder.join("plan.json"), "{").expect("written");
    let finished = verify(&workplace, &program, &[]);
    assert_eq!(
        check(&finished).expect("a check")["expected"],
        "starts with glibc 2.17"
    );
}

#[test]
fn a_c_library_is_read_and_never_run_or_waited_for() {
    let root = tempfile::tempdir().expect("a folder");
    let at = |name: &str| root.path().join(name);
    compile(
        &at("usr/lib/x86_64-linux-gnu/libc.so.6"),
        "no",
        "GNU C Library (GNU libc) stable release version 2.17, by",
    );
    compile(&at("lib/libc.so.6"), "no", "nothing of the kind");
    fs::create_dir_all(at("lib64")).expect("a folder");
    let made = Command::new("mkfifo").arg(at("lib64/libc.so.6")).status();
    assert!(made.expect("mkfifo starts").success());
    let architecture = inspect(&at("lib/libc.so.6"))
        .expect("findings")
        .architecture
        .expect("known");
    let found = MachineGlibc::find(root.path(), &architecture).expect("one");
    assert_eq!(found.version.to_string(), "2.17");
    assert_eq!(found.path, at("usr/lib/x86_64-linux-gnu/libc.so.6"));
    assert_eq!(MachineGlibc::find(root.path(), "mips64le"), None);
    assert_eq!(MachineGlibc::find(&at("nowhere"), &architecture), None);
}
