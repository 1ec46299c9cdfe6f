//! Published results of programs that say what they are told to, for scripts that put them on nodes.

use std::fs;
use std::path::{Path, PathBuf};

use super::manifest_of::manifest_of;
use super::preflight::installed;

/// What a build without accounting holds.
pub const QUIET: &str = "kernel memory accounting disabled in this runc build";
/// What a build with accounting holds.
pub const LOUD: &str = "libcontainer/cgroups/fs/kmem.go";

/// A real program that needs no libraries, prints `version` and holds `mark`.
pub fn program(path: &Path, version: &str, mark: &str) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    let source = path.with_extension("c");
    let code = format!(
        "#include <stdio.h>\nstatic const char *volatile mark = \"{mark}\";\n\
         int main(void) {{ puts(\"{version}\"); return mark == 0; }}\n"
    );
    fs::write(&source, code).expect("written");
    let status = installed("cc")
        .args(["-static", "-s", "-o"])
        .args([path, &source])
        .status();
    assert!(
        status
            .expect("a C compiler is needed by this test")
            .success()
    );
    fs::remove_file(source).expect("removed");
}

/// The result of `recipe`, which is also the name of its binary, below `dist`; its folder.
pub fn result(dist: &Path, recipe: &str, version: &str, says: &str, mark: &str) -> PathBuf {
    let folder = dist.join(recipe).join(version).join("linux-amd64");
    program(&folder.join(recipe), says, mark);
    write_manifest(&folder, recipe, version, "linux-amd64", recipe);
    folder
}

/// Writes the manifest of a folder with that one binary.
pub fn write_manifest(folder: &Path, recipe: &str, version: &str, platform: &str, binary: &str) {
    let manifest = manifest_of(folder, recipe, version, platform, binary);
    fs::write(folder.join("manifest.json"), manifest.to_string()).expect("written");
}
