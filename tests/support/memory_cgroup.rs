//! Cgroups of a test's own in the memory hierarchy of this machine.

use std::fs;
use std::path::{Path, PathBuf};

/// A cgroup that is removed, with those in it, when this is dropped.
pub struct MemoryCgroup {
    path: PathBuf,
}

impl MemoryCgroup {
    /// Where the hierarchy is on the machines that tests run on.
    pub const HIERARCHY: &'static str = "/sys/fs/cgroup/memory";

    /// One that is like no other.
    pub fn new(name: &str) -> Self {
        let name = format!("kmembuild-test-{}-{name}", std::process::id());
        let path = Path::new(Self::HIERARCHY).join(name);
        fs::create_dir(&path).expect("this test needs root and the memory hierarchy of cgroup v1");
        Self { path }
    }

    /// Makes one below it.
    pub fn make(&self, path: &str) -> PathBuf {
        let path = self.path.join(path);
        fs::create_dir_all(&path).expect("made");
        path
    }
}

impl Drop for MemoryCgroup {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

fn remove(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove(&entry.path());
        }
    }
    // What is not there any more is as it should be.
    let _ = fs::remove_dir(folder);
}
