//! A memory hierarchy of plain folders and files, for what the kernel of this machine does not do.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// The head of memory.kmem.slabinfo, which is all that an accounted cgroup without slab caches has.
pub const HEAD: &str = "slabinfo - version: 2.1\n\
    # name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>\n";
/// A slab cache in it.
pub const CACHE: &str = "kmalloc-192           42     42    192   21    1 : tunables    0    0    0 : slabdata      2      2      0\n";

/// A hierarchy in a temporary folder.
pub struct CgroupFolder {
    folder: TempDir,
}

impl CgroupFolder {
    /// One with its root only.
    pub fn new() -> Self {
        Self::of(tempfile::tempdir().expect("a temporary folder"))
    }

    /// The same in memory, as cgroups are, for so many that a disk would take long.
    pub fn in_memory() -> Self {
        Self::of(tempfile::tempdir_in("/dev/shm").expect("a temporary folder in memory"))
    }

    fn of(folder: TempDir) -> Self {
        let new = Self { folder };
        new.write("cgroup.procs", "1\n");
        new
    }

    /// Its root.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Its root, as an argument.
    pub fn argument(&self) -> String {
        self.root().display().to_string()
    }

    /// Writes a file and the folders that it is in.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("written");
    }

    /// Makes a cgroup, with processes or without, whose slabinfo holds `slabinfo`.
    pub fn cgroup(&self, path: &str, slabinfo: &str, processes: &str) -> PathBuf {
        self.write(&format!("{path}/memory.kmem.slabinfo"), slabinfo);
        self.write(&format!("{path}/cgroup.procs"), processes);
        self.root().join(path)
    }
}
