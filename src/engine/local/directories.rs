//! The directories of a session in this file system, and how they become again what they were.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use super::record::Change;
use crate::engine::{EngineError, Workdir};

/// Most files below a source directory of the image. Go and Kubernetes together have not nearly as many.
const MOST_ENTRIES: usize = 1_000_000;

/// A directory that is kept from session to session, and where a step looks for it.
pub(super) struct Kept {
    /// Where it is kept.
    pub directory: PathBuf,
    /// Where a step looks for it.
    pub path: PathBuf,
}

/// What has to be done for a session; nothing is changed yet.
///
/// # Errors
/// [`EngineError::InTheWay`] where a build would remove what is there.
pub(super) fn changes(workdir: &Workdir, caches: &[Kept]) -> Result<Vec<Change>, EngineError> {
    let mut changes = Vec::new();
    let path = PathBuf::from(workdir.path().as_str());
    let unusable = |path: &Path| {
        let path = path.to_owned();
        move |source| EngineError::NoDirectory { path, source }
    };
    match workdir {
        Workdir::OfImage(_) => {
            // One that is not there is told from the source that is missing in it.
            if path.is_dir() {
                let entries = entries(&path).map_err(unusable(&path))?;
                changes.push(Change::Watched {
                    directory: path,
                    entries: entries.into_iter().collect(),
                });
            }
        }
        Workdir::Scratch(_) => match is_empty(&path).map_err(unusable(&path))? {
            Some(true) => changes.push(Change::Filled(path)),
            Some(false) => return Err(EngineError::InTheWay { path }),
            None => {
                changes.extend(missing_parents(&path));
                changes.push(Change::Made(path));
            }
        },
    }
    for Kept { path, .. } in caches {
        match is_empty(path).map_err(unusable(path))? {
            // What the container brings along is used where it is.
            Some(false) => {}
            Some(true) => {
                changes.push(Change::Replaced(path.clone()));
                changes.push(Change::Link(path.clone()));
            }
            None => {
                changes.extend(missing_parents(path));
                changes.push(Change::Link(path.clone()));
            }
        }
    }
    Ok(changes)
}

/// Makes the changes.
///
/// # Errors
/// [`EngineError::NoDirectory`]; a part of them may have been made.
pub(super) fn make(changes: &[Change], caches: &[Kept]) -> Result<(), EngineError> {
    for change in changes {
        let (path, made) = match change {
            Change::Parent(path) => match fs::create_dir(path) {
                // Two caches can have the same parents.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => (path, Ok(())),
                made => (path, made),
            },
            Change::Made(path) => (path, fs::create_dir(path)),
            Change::Replaced(path) => (path, fs::remove_dir(path)),
            Change::Link(path) => match caches.iter().find(|cache| cache.path == *path) {
                Some(cache) => (path, symlink(&cache.directory, path)),
                None => (path, Ok(())),
            },
            Change::Filled(path) => (path, Ok(())),
            Change::Watched { directory, .. } => (directory, Ok(())),
        };
        made.map_err(|source| EngineError::NoDirectory {
            path: path.clone(),
            source,
        })?;
    }
    Ok(())
}

/// Undoes the changes, the last one first; what was not made yet is passed over.
pub(super) fn undo(changes: &[Change]) -> io::Result<()> {
    let mut first_error = Ok(());
    for change in changes.iter().rev() {
        let undone = match change {
            Change::Parent(path) => match fs::remove_dir(path) {
                // Something else is in it by now.
                Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
                removed => gone(removed),
            },
            Change::Made(path) => gone(remove_all(path)),
            Change::Filled(path) => empty(path),
            Change::Link(path) => match fs::symlink_metadata(path) {
                Ok(found) if found.is_symlink() => gone(fs::remove_file(path)),
                // A step put something else there.
                Ok(found) if found.is_dir() => gone(remove_all(path)),
                _ => Ok(()),
            },
            Change::Replaced(path) => match fs::create_dir(path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                made => made,
            },
            Change::Watched {
                directory,
                entries: before,
            } => remove_new(directory, before),
        };
        // The others are undone all the same.
        first_error = first_error.and(undone);
    }
    first_error
}

/// Removes a directory with everything in it, also what its owner may not write to.
pub(super) fn remove_all(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            // Go's module cache is read-only.
            let mut directories = vec![path.to_owned()];
            while let Some(directory) = directories.pop() {
                let _ = fs::set_permissions(&directory, Permissions::from_mode(0o700));
                for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
                    if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                        directories.push(entry.path());
                    }
                }
            }
            fs::remove_dir_all(path)
        }
        removed => removed,
    }
}

fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Whether a directory has nothing in it; `None` if it is not there.
fn is_empty(path: &Path) -> io::Result<Option<bool>> {
    match fs::read_dir(path) {
        Ok(mut entries) => Ok(Some(entries.next().is_none())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // A link that leads nowhere is something.
            Ok(fs::symlink_metadata(path).is_ok().then_some(false))
        }
        Err(error) => Err(error),
    }
}

/// The parents that are not there, the outermost first.
fn missing_parents(path: &Path) -> Vec<Change> {
    let parents = path.ancestors().skip(1);
    let missing = parents.take_while(|parent| fs::symlink_metadata(parent).is_err());
    let mut missing: Vec<_> = missing
        .map(|parent| Change::Parent(parent.to_owned()))
        .collect();
    missing.reverse();
    missing
}

fn empty(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        remove_entry(&entry?.path())?;
    }
    Ok(())
}

fn remove_entry(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_dir() {
        gone(remove_all(path))
    } else {
        gone(fs::remove_file(path))
    }
}

/// Everything below a directory, by its path from there. What has no name in UTF-8 is left alone: it can be written down in
/// no record.
fn entries(directory: &Path) -> io::Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    walk(directory, &mut |name, _| {
        if found.len() == MOST_ENTRIES {
            return Err(io::Error::other(format!(
                "there are more than {MOST_ENTRIES} files in it"
            )));
        }
        found.insert(name.to_owned());
        Ok(true)
    })?;
    Ok(found)
}

fn remove_new(directory: &Path, before: &[String]) -> io::Result<()> {
    let before: BTreeSet<_> = before.iter().map(String::as_str).collect();
    walk(directory, &mut |name, path| {
        let is_old = before.contains(name);
        if !is_old {
            remove_entry(path)?;
        }
        Ok(is_old)
    })
}

/// Passes everything below a directory to `each`, which says whether to go on below it. Links are not followed.
fn walk(
    directory: &Path,
    each: &mut impl FnMut(&str, &Path) -> io::Result<bool>,
) -> io::Result<()> {
    let mut directories = vec![PathBuf::new()];
    while let Some(below) = directories.pop() {
        for entry in fs::read_dir(directory.join(&below))? {
            let entry = entry?;
            let name = below.join(entry.file_name());
            let Some(text) = name.to_str() else { continue };
            let is_directory = entry.file_type()?.is_dir();
            if each(text, &entry.path())? && is_directory {
                directories.push(name);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{Kept, changes, entries, make, remove_all, undo};
    use crate::engine::{EngineError, GuestPath, Workdir};

    fn guest(path: &Path) -> GuestPath {
        GuestPath::new(path.to_str().expect("text"))
    }

    #[test]
    fn what_a_session_makes_is_gone_after_it_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["there/before", "empty", "kept", "other"] {
            fs::create_dir_all(at(name)).unwrap();
        }
        fs::write(at("kept/object"), "").unwrap();
        let before = entries(folder.path()).unwrap();
        let kept = |path: &str| Kept {
            directory: at("kept"),
            path: at(path),
        };
        let caches = [kept("there/cache/go"), kept("empty"), kept("there")];
        let work = at("new/deep/work");
        let made = changes(&Workdir::Scratch(guest(&work)), &caches).unwrap();
        make(&made, &caches).unwrap();
        fs::write(work.join("source.go"), "").unwrap();
        // Not the link's: what is kept is kept.
        assert!(at("there/cache/go/object").exists());
        assert!(at("empty/object").exists());
        assert!(at("there/before").is_dir());
        fs::write(at("new/other"), "somebody's").unwrap();
        undo(&made).unwrap();
        assert!(at("new/other").exists() && !at("new/deep").exists());
        fs::remove_dir_all(at("new")).unwrap();
        assert_eq!(entries(folder.path()).unwrap(), before);
        // Again, as by whoever comes after a killed run.
        undo(&made).unwrap();
        assert_eq!(entries(folder.path()).unwrap(), before);
    }

    #[test]
    fn a_build_does_not_remove_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("thesis.txt"), "years").unwrap();
        let refused = changes(&Workdir::Scratch(guest(folder.path())), &[]);
        assert!(matches!(refused, Err(EngineError::InTheWay { .. })));
        // In a source of the image, what a step leaves goes, read-only or not.
        let made = changes(&Workdir::OfImage(guest(folder.path())), &[]).unwrap();
        fs::create_dir(folder.path().join("out")).unwrap();
        fs::write(folder.path().join("out/runc"), "").unwrap();
        undo(&made).unwrap();
        assert_eq!(
            entries(folder.path()).unwrap(),
            ["thesis.txt".to_owned()].into()
        );
        remove_all(folder.path()).unwrap();
    }
}
