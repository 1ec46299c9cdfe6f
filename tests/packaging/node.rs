//! A node in a folder: a root file system with a shell, on which the real rpm and dpkg of this machine work.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The tools that scripts of packages call, as Debian's static busybox has them.
const TOOLS: [&str; 12] = [
    "sh",
    "cp",
    "mv",
    "rm",
    "mkdir",
    "rmdir",
    "grep",
    "sha256sum",
    "readlink",
    "echo",
    "sort",
    "sync",
];

/// A root file system.
pub struct Node {
    folder: TempDir,
}

/// What a command said, all of it, and whether it ended well.
pub struct Said {
    pub well: bool,
    pub text: String,
}

/// Runs a program of this machine that may fail.
pub fn try_run(program: &str, arguments: &[&str]) -> Said {
    let output = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "UTC")
        .output()
        .unwrap_or_else(|error| panic!("{program} is needed by this test: {error}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Said {
        well: output.status.success(),
        text: text + &String::from_utf8_lossy(&output.stderr),
    }
}

/// Runs a program of this machine that must not fail; what it said.
#[track_caller]
pub fn run(program: &str, arguments: &[&str]) -> String {
    let said = try_run(program, arguments);
    assert!(said.well, "{program} {arguments:?} failed:\n{}", said.text);
    said.text
}

impl Node {
    /// One with a shell and nothing installed.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let node = Self { folder };
        fs::create_dir_all(node.at("/bin")).expect("a folder");
        fs::copy("/bin/busybox", node.at("/bin/busybox")).expect("busybox-static is installed");
        for tool in TOOLS {
            symlink("busybox", node.at(&format!("/bin/{tool}"))).expect("a link");
        }
        node
    }

    /// Where a path of the node is on this machine.
    pub fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(&path[1..])
    }

    /// The root as text.
    pub fn root(&self) -> String {
        self.folder.path().display().to_string()
    }

    /// What a file of the node holds.
    #[track_caller]
    pub fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.at(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Permission bits of a file of the node.
    #[track_caller]
    pub fn mode(&self, path: &str) -> u32 {
        let metadata = fs::symlink_metadata(self.at(path));
        metadata.expect("a file").permissions().mode() & 0o7777
    }

    /// Whether something is there.
    pub fn has(&self, path: &str) -> bool {
        fs::symlink_metadata(self.at(path)).is_ok()
    }

    /// Writes a file of the node.
    pub fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.at(path).parent().expect("a parent")).expect("a folder");
        fs::write(self.at(path), text).expect("a written file");
    }

    /// Everything below a folder of the node but folders.
    pub fn files_below(&self, path: &str) -> Vec<String> {
        fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    walk(&entry.path(), found);
                } else {
                    found.push(entry.path());
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.at(path), &mut found);
        let inside = |path: PathBuf| {
            format!(
                "/{}",
                path.strip_prefix(self.folder.path())
                    .expect("inside")
                    .display()
            )
        };
        let mut found: Vec<_> = found.into_iter().map(inside).collect();
        found.sort();
        found
    }
}
