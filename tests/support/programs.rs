//! Programs that look like a runc or a kubelet of some kind.

use std::fs;
use std::path::Path;

use rustix::process::geteuid;
use tempfile::TempDir;

use super::preflight::installed;

/// A text of the code that turns accounting on.
pub const ON: &str = "because either tasks have already joined this cgroup or it has children";
/// A text of a build that leaves it out.
pub const OFF: &str = "kernel memory accounting disabled in this runc build";

/// A folder whose programs the doctor runs: where root asks, nobody else may be able to replace them.
pub fn own_folder() -> TempDir {
    let folder = if geteuid().is_root() {
        tempfile::tempdir_in("/root")
    } else {
        tempfile::tempdir()
    };
    folder.expect("a temporary folder")
}

/// Compiles a program that says its version, and holds a text as a Go binary would.
pub fn compile(path: &Path, version: &str, text: &str) {
    let code = format!(
        "#include <stdio.h>\n\
         __attribute__((used)) static const char text[] = \"main.x{text}nil\";\n\
         int main(void) {{ puts(\"{version}\"); return 0; }}"
    );
    compile_code(path, &code);
}

/// Compiles a program.
pub fn compile_code(path: &Path, code: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    let source = path.with_extension("c");
    fs::write(&source, code).expect("a source");
    let compiled = installed("cc").arg("-o").args([path, &source]).output();
    let compiled = compiled.expect("a C compiler is needed, as for the tool itself");
    assert!(compiled.status.success(), "{compiled:?}");
    fs::remove_file(source).expect("a source");
}
