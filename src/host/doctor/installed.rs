//! The programs of this machine that make cgroups.

use std::path::{Path, PathBuf};

use super::programs::{Program, WELL_KNOWN_DIRECTORIES, find_programs};
use super::runtimes::RuntimePlaces;

/// Those in `search_path`, in the usual directories, and where the running container runtimes have theirs. Blocks until all
/// are inspected or `is_cancelled` returns true.
pub fn installed_programs(
    search_path: &[PathBuf],
    is_cancelled: &dyn Fn() -> bool,
) -> Vec<Program> {
    let runtimes = RuntimePlaces::read(Path::new("/proc"), Path::new("/"));
    let directories: Vec<_> = search_path
        .iter()
        .cloned()
        .chain(WELL_KNOWN_DIRECTORIES.map(PathBuf::from))
        .chain(runtimes.directories.iter().cloned())
        .filter(|directory| directory.is_absolute())
        .collect();
    let configured = runtimes.candidates(&directories);
    find_programs(&directories, &configured, is_cancelled)
}
