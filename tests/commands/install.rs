//! `make install`.

use std::fs;
use std::process::Command;

use crate::support::command::Workplace;

#[test]
fn the_program_its_manual_and_its_completions_are_installed() {
    let workplace = Workplace::new();
    let root = workplace.path().join("root");
    let program = env!("CARGO_BIN_EXE_kmembuild");
    let output = Command::new("make")
        .args(["install", "PREFIX=/opt/tools"])
        .arg(format!("PROGRAM={program}"))
        .arg(format!("DESTDIR={}", root.display()))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("make is needed by this test");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let below = root.join("opt/tools");
    let version = Command::new(below.join("bin/kmembuild"))
        .arg("--version")
        .output()
        .expect("it starts");
    assert!(version.status.success());
    for file in [
        "share/man/man1/kmembuild.1",
        "share/man/man1/kmembuild-runc.1",
        "share/bash-completion/completions/kmembuild",
        "share/zsh/site-functions/_kmembuild",
        "share/fish/vendor_completions.d/kmembuild.fish",
    ] {
        let text = fs::read_to_string(below.join(file));
        let text = text.unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(text.contains("kmembuild"), "{file}");
    }
}
