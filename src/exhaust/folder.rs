//! The cgroup that holds all cgroups that are made.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::error::ExhaustError;

/// The prefix of its name; the process id follows.
const PREFIX: &str = "kmembuild-reproduce-";

/// Checks that a directory is a memory cgroup, so that nothing is made or removed anywhere else.
pub(super) fn check_hierarchy(hierarchy: &Path) -> Result<(), ExhaustError> {
    for file in ["cgroup.procs", "memory.usage_in_bytes"] {
        let found = fs::metadata(hierarchy.join(file));
        if found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            let path = hierarchy.to_owned();
            return Err(ExhaustError::NoMemoryCgroup { path, file });
        }
    }
    Ok(())
}

/// A cgroup of this process, in which it makes others. All of them are removed when it is dropped.
pub(super) struct Folder {
    path: PathBuf,
    /// Locked while the process lives, so that it is not mistaken for a leftover.
    _held: File,
    removed: bool,
}

impl Folder {
    pub(super) fn new(hierarchy: &Path) -> Result<Self, ExhaustError> {
        let path = hierarchy.join(format!("{PREFIX}{}", std::process::id()));
        let failed = |source| ExhaustError::Folder {
            path: path.clone(),
            source,
        };
        fs::create_dir(&path).map_err(|source| match source.kind() {
            // A killed process had the same id: ids are reused.
            io::ErrorKind::AlreadyExists => ExhaustError::Leftover { path: path.clone() },
            _ => failed(source),
        })?;
        let held = File::open(&path).and_then(|folder| {
            folder.try_lock()?;
            Ok(folder)
        });
        match held {
            Ok(held) => Ok(Self {
                path,
                _held: held,
                removed: false,
            }),
            Err(source) => {
                let _ = fs::remove_dir(&path);
                Err(failed(source))
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The path of the cgroup with that number.
    pub(super) fn cgroup(&self, number: u64) -> PathBuf {
        self.path.join(format!("cgroup-{number}"))
    }

    /// Removes all cgroups; returns what could not be removed.
    pub(super) fn remove(mut self) -> Vec<String> {
        self.removed = true;
        remove(&self.path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.removed {
            // During a panic, nobody reads the problems.
            let _ = remove(&self.path);
        }
    }
}

/// Removes the cgroups in a cgroup and then itself. A cgroup with a process in it stays: the process is not ours.
fn remove(path: &Path) -> Vec<String> {
    let mut problems = Vec::new();
    let mut gone = |path: &Path| match fs::remove_dir(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => problems.push(format!("could not remove {}: {error}", path.display())),
    };
    // Reading a directory while it changes may skip entries.
    for _ in 0..3 {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                let _ = fs::remove_dir(entry.path());
            }
        }
    }
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            gone(&entry.path());
        }
    }
    gone(path);
    problems
}

/// What a killed process left behind.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Leftover {
    /// The cgroup.
    pub folder: PathBuf,
    /// The number of cgroups in it.
    pub cgroups: u64,
    /// Whether a live process uses it, so that it was left alone.
    pub in_use: bool,
    /// What could not be removed.
    pub problems: Vec<String>,
}

/// Removes what killed processes left behind in a hierarchy, and returns it.
///
/// # Errors
/// If the process is not root, or `hierarchy` is not a memory cgroup or cannot be read.
pub fn clean_up(hierarchy: &Path) -> Result<Vec<Leftover>, ExhaustError> {
    search(hierarchy, true)
}

/// What [`clean_up`] would remove, and what live processes use. Nothing is removed.
///
/// # Errors
/// As [`clean_up`].
pub fn leftovers(hierarchy: &Path) -> Result<Vec<Leftover>, ExhaustError> {
    search(hierarchy, false)
}

fn search(hierarchy: &Path, removes: bool) -> Result<Vec<Leftover>, ExhaustError> {
    if !rustix::process::geteuid().is_root() {
        return Err(ExhaustError::NotRoot);
    }
    check_hierarchy(hierarchy)?;
    let entries = fs::read_dir(hierarchy).map_err(|source| ExhaustError::Search {
        path: hierarchy.to_owned(),
        source,
    })?;
    let folders = entries.flatten().filter(|entry| {
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        number.is_some_and(|number| number.parse::<u32>().is_ok())
            && entry.file_type().is_ok_and(|kind| kind.is_dir())
    });
    Ok(folders
        .filter_map(|entry| leftover(entry.path(), removes))
        .collect())
}

fn leftover(folder: PathBuf, removes: bool) -> Option<Leftover> {
    let held = File::open(&folder).ok()?;
    let in_use = held.try_lock().is_err();
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
    let cgroups = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .count() as u64;
    let problems = if in_use || !removes {
        Vec::new()
    } else {
        remove(&folder)
    };
    Some(Leftover {
        folder,
        cgroups,
        in_use,
        problems,
    })
}
