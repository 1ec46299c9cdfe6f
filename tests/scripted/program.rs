//! Programs that stand for what a build leaves.

use crate::support::preflight::installed;
use std::fs;
use std::sync::OnceLock;

/// A static program that holds the mark of a build without kernel-memory accounting.
pub fn without_accounting() -> Vec<u8> {
    static PROGRAM: OnceLock<Vec<u8>> = OnceLock::new();
    let mark = "kernel memory accounting disabled in this runc build";
    PROGRAM.get_or_init(|| compile(mark)).clone()
}

/// A static program that holds the mark of a build with kernel-memory accounting.
pub fn with_accounting() -> Vec<u8> {
    static PROGRAM: OnceLock<Vec<u8>> = OnceLock::new();
    let mark = "because either tasks have already joined this cgroup or it has children";
    PROGRAM.get_or_init(|| compile(mark)).clone()
}

/// A static program that prints `text` and ends.
pub fn that_prints(text: &str) -> Vec<u8> {
    compile_code(&format!(
        "#include <stdio.h>\nint main(void) {{ fputs({text:?}, stdout); return 0; }}\n"
    ))
}

fn compile(mark: &str) -> Vec<u8> {
    compile_code(&format!(
        "__attribute__((used)) static const char mark[] = \"{mark}\";\nint main(void) {{ return 0; }}\n"
    ))
}

fn compile_code(code: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (source, program) = (folder.path().join("main.c"), folder.path().join("main"));
    fs::write(&source, code).expect("a written source");
    let status = installed("cc")
        .args(["-static", "-s", "-o"])
        .args([&program, &source])
        .status()
        .expect("a C compiler is needed, as for the tool itself");
    assert!(status.success());
    fs::read(&program).expect("the program")
}
