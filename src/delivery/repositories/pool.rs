//! The packages of a repository, each at a path with its sha256.

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use rustix::process::geteuid;
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use super::error::RepositoryError;
use super::order::RepositoryPackage;
use crate::checksum::{hex, sha256_of};
use crate::inside::inside;
use crate::regular_file;

/// Digits of the sha256 in a path: enough that nobody finds two packages with the same.
const DIGITS: usize = 32;
/// What everybody may read, as web servers have to.
const MODE: u32 = 0o644;
/// Bytes that are copied at a time.
const PIECE: usize = 1 << 20;

/// Path of a package in `pool`, relative to the root of the repository.
pub(super) fn pool_path(pool: &str, package: &RepositoryPackage) -> Option<String> {
    let name = package.path.file_name()?.to_str()?;
    let digits = package.sha256.get(..DIGITS)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.+~".contains(c);
    name.chars()
        .all(plain)
        .then(|| format!("{pool}/{digits}/{name}"))
}

/// A temporary file of `root` with a package, which is compared with what the release lists: another name of the package, where
/// that can be, or a copy of it.
pub(super) fn stage(
    root: &Path,
    package: &RepositoryPackage,
) -> Result<NamedTempFile, RepositoryError> {
    let unreadable = |source| RepositoryError::Unreadable {
        path: package.path.clone(),
        source,
    };
    let from = regular_file::open(&package.path).map_err(unreadable)?;
    let (to, found) = if let Some(mut to) = link(root, package, &from) {
        let (_, found) = sha256_of(to.as_file_mut().take(package.size + 1)).map_err(unreadable)?;
        (to, found)
    } else {
        copy(root, package, from)?
    };
    require_sum(package, found)?;
    Ok(to)
}

/// Compares a package with what the release lists.
pub(super) fn check_sum(package: &RepositoryPackage) -> Result<(), RepositoryError> {
    let found =
        regular_file::open(&package.path).and_then(|file| sha256_of(file.take(package.size + 1)));
    let (_, found) = found.map_err(|source| RepositoryError::Unreadable {
        path: package.path.clone(),
        source,
    })?;
    require_sum(package, found)
}

fn require_sum(package: &RepositoryPackage, found: String) -> Result<(), RepositoryError> {
    if found == package.sha256 {
        return Ok(());
    }
    Err(RepositoryError::Changed {
        path: package.path.clone(),
        found,
        expected: package.sha256.clone(),
    })
}

/// Gives a package another name, which costs no time and no room. Only on the same file system, only to a file of this user
/// that all may read and nobody else may write, and not to what a symbolic link leads to. Everything here replaces files and
/// changes none, so that a package that is built again leaves this one as it is.
fn link(root: &Path, package: &RepositoryPackage, from: &File) -> Option<NamedTempFile> {
    let wanted = from.metadata().ok()?;
    let is_ours = wanted.uid() == geteuid().as_raw() && wanted.mode() & 0o7777 == MODE;
    if !is_ours {
        return None;
    }
    let linked = tempfile::Builder::new()
        .prefix(".kmembuild-")
        .make_in(root, |path| {
            fs::hard_link(&package.path, path)?;
            regular_file::open(path)
        });
    let linked = linked.ok()?;
    let found = linked.as_file().metadata().ok()?;
    ((found.dev(), found.ino()) == (wanted.dev(), wanted.ino())).then_some(linked)
}

/// Copies a package. Its sha256 is that of what was copied.
fn copy(
    root: &Path,
    package: &RepositoryPackage,
    mut from: File,
) -> Result<(NamedTempFile, String), RepositoryError> {
    let unreadable = |source| RepositoryError::Unreadable {
        path: package.path.clone(),
        source,
    };
    let unwritable = RepositoryError::unwritable;
    let mut to = tempfile::Builder::new()
        .prefix(".kmembuild-")
        .tempfile_in(root)
        .map_err(unwritable(root))?;
    let (mut hasher, mut piece) = (Sha256::new(), vec![0; PIECE]);
    let mut left = package.size;
    loop {
        let length = from.read(&mut piece).map_err(unreadable)?;
        if length == 0 {
            break;
        }
        hasher.update(&piece[..length]);
        // A file that grows is not the listed one; its end need not be written.
        left = left.saturating_sub(length as u64);
        to.write_all(&piece[..length]).map_err(unwritable(root))?;
        if left == 0 {
            let more = from.read(&mut piece[..1]).map_err(unreadable)?;
            if more > 0 {
                hasher.update(&piece[..1]);
            }
            break;
        }
    }
    Ok((to, hex(&hasher.finalize())))
}

/// Gives a staged package the time `time`, and waits until it is on the disk.
pub(super) fn settle(root: &Path, file: &NamedTempFile, time: u32) -> Result<(), RepositoryError> {
    let settle = || -> io::Result<()> {
        let file = file.as_file();
        if file.metadata()?.mode() & 0o7777 != MODE {
            file.set_permissions(Permissions::from_mode(MODE))?;
        }
        file.set_modified(UNIX_EPOCH + Duration::from_secs(time.into()))?;
        file.sync_all()
    };
    settle().map_err(RepositoryError::unwritable(root))
}

/// Puts a staged package in its place below `root`.
pub(super) fn place(root: &Path, path: &str, file: NamedTempFile) -> Result<(), RepositoryError> {
    let target = inside(root, path).map_err(RepositoryError::unwritable(root))?;
    let place = || -> io::Result<()> {
        if let Some(above) = target.parent() {
            fs::create_dir_all(above)?;
        }
        file.persist(&target)?;
        Ok(())
    };
    place().map_err(RepositoryError::unwritable(&target))
}

/// Whether the file of an entry is in its place, by its size and its time. Whoever changed it and kept both is refused by
/// every client, because the sha256 is in what is signed.
pub(super) fn is_in_place(root: &Path, path: &str, size: u64, time: u32) -> bool {
    let Ok(path) = inside(root, path) else {
        return false;
    };
    fs::symlink_metadata(path).is_ok_and(|metadata| {
        let modified = metadata.modified().ok();
        let since = modified.and_then(|modified| modified.duration_since(UNIX_EPOCH).ok());
        metadata.is_file()
            && metadata.len() == size
            && since == Some(Duration::from_secs(time.into()))
    })
}

/// Removes the packages in `pool` that neither the new metadata nor those before name.
pub(super) fn remove_others(root: &Path, pool: &str, named: &BTreeSet<String>) -> io::Result<()> {
    for folder in entries(&root.join(pool))? {
        for file in entries(&folder)? {
            let relative = file.strip_prefix(root).ok().and_then(Path::to_str);
            if relative.is_some_and(|path| !named.contains(path)) {
                fs::remove_file(&file)?;
            }
        }
        // Fails if it is not empty, as intended.
        let _ = fs::remove_dir(&folder);
    }
    Ok(())
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => read?.map(|entry| Ok(entry?.path())).collect(),
    }
}

/// Makes what is in a directory survive a power failure: names of files, too.
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
