//! A file tree that is reached by its own root only: no link in it leads out, whatever its files say.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags, openat2};
use rustix::io::Errno;

/// Deepest directory below the root, in components of its path.
pub(super) const DEEPEST: usize = 256;

/// Attempts to find a path while somebody renames directories in it.
const ATTEMPTS: usize = 16;

/// A directory and what is below it. A link with an absolute target starts again at this root, `..` ends there, and links of
/// `/proc` that lead to open files are not followed.
#[derive(Debug)]
pub(super) struct Tree {
    root: OwnedFd,
}

/// A place in a tree: a directory that exists, and a name in it.
pub(super) struct Place<'a> {
    pub directory: Arc<OwnedFd>,
    pub name: &'a OsStr,
}

impl Tree {
    /// The tree below a directory of this machine.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(path, flags, Mode::empty())?;
        Ok(Self { root })
    }

    /// The tree below a directory of this one.
    pub(super) fn below(&self, path: &Path) -> io::Result<Self> {
        let root = self.directory(path)?;
        Ok(Self { root })
    }

    /// Opens what is at `path`. With [`OFlags::NOFOLLOW`], a link at its end is not followed.
    pub(super) fn at(&self, path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
        resolve(self.root.as_fd(), path, flags, ResolveFlags::IN_ROOT)
    }

    /// The directory at `path`.
    pub(super) fn directory(&self, path: &Path) -> io::Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        // Without a link on the way, it is as deep as its path is long.
        let straight = ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS;
        match resolve(self.root.as_fd(), path, flags, straight) {
            Err(error) if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {}
            found => return found,
        }
        let found = self.at(path, flags)?;
        if depth(found.as_fd())? > depth(self.root.as_fd())? + DEEPEST {
            return Err(too_deep());
        }
        Ok(found)
    }

    /// The directory at `path`, made with its parents where it does not exist.
    pub(super) fn make_directory(&self, path: &Path) -> io::Result<OwnedFd> {
        match self.directory(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            found => return found,
        }
        let mut below = PathBuf::new();
        for component in path.components() {
            let Component::Normal(name) = component else {
                continue;
            };
            let parent = self.directory(&below)?;
            match rustix::fs::mkdirat(&parent, name, Mode::from_raw_mode(0o755)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            below.push(name);
        }
        self.directory(path)
    }

    /// Where `path` is or would be; its parents are made where they do not exist. `None` for the root itself.
    pub(super) fn place<'a>(&self, path: &'a Path) -> io::Result<Option<Place<'a>>> {
        let Some(name) = path.file_name() else {
            return Ok(None);
        };
        let parent = path.parent().unwrap_or(Path::new(""));
        let directory = Arc::new(self.make_directory(parent)?);
        Ok(Some(Place { directory, name }))
    }
}

impl AsFd for Tree {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }
}

fn resolve(
    root: BorrowedFd<'_>,
    path: &Path,
    flags: OFlags,
    resolve: ResolveFlags,
) -> io::Result<OwnedFd> {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    let resolve = resolve | ResolveFlags::NO_MAGICLINKS;
    for _ in 0..ATTEMPTS {
        match openat2(root, path, flags | OFlags::CLOEXEC, Mode::empty(), resolve) {
            Err(Errno::AGAIN) => {}
            found => return Ok(found?),
        }
    }
    Err(Errno::AGAIN.into())
}

/// How deep a directory is, in components of its path on this machine.
fn depth(directory: BorrowedFd<'_>) -> io::Result<usize> {
    use std::os::fd::AsRawFd as _;
    let link = format!("/proc/self/fd/{}", directory.as_raw_fd());
    let path = rustix::fs::readlink(link, Vec::new()).map_err(|error| match error {
        // Its path is longer than any that the system takes.
        Errno::NAMETOOLONG => too_deep(),
        error => error.into(),
    })?;
    Ok(Path::new(OsStr::from_bytes(path.as_bytes()))
        .components()
        .count())
}

fn too_deep() -> io::Error {
    io::Error::other("directories are nested too deeply")
}

/// What is at `path`, which is not followed if it is a link. A regular file can be read; anything else is only looked at.
pub(super) fn find(tree: &Tree, path: &Path) -> io::Result<File> {
    // Only looked at: opening a pipe would wait for somebody, and a device may never end.
    let found = File::from(tree.at(path, OFlags::PATH | OFlags::NOFOLLOW)?);
    if !found.metadata()?.is_file() {
        return Ok(found);
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = File::from(tree.at(path, flags)?);
    // Something else may have taken its place; nothing but a regular file is read.
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Ok(found)
    }
}

/// Removes what has that name in a directory, with everything below it. Not there is success.
pub(super) fn remove(directory: BorrowedFd<'_>, name: &OsStr) -> io::Result<()> {
    remove_to_depth(directory, name, 2 * DEEPEST)
}

fn remove_to_depth(directory: BorrowedFd<'_>, name: &OsStr, depth: usize) -> io::Result<()> {
    match rustix::fs::unlinkat(directory, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => return Ok(()),
        Err(Errno::ISDIR | Errno::PERM) => {}
        Err(error) => return Err(error.into()),
    }
    let Some(depth) = depth.checked_sub(1) else {
        return Err(too_deep());
    };
    let below = child(directory, name)?;
    for (name, _) in children(below.as_fd())? {
        remove_to_depth(below.as_fd(), OsStr::from_bytes(&name), depth)?;
    }
    match rustix::fs::unlinkat(directory, name, AtFlags::REMOVEDIR) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// A directory in a directory, not by a link.
pub(super) fn child(directory: BorrowedFd<'_>, name: &OsStr) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(directory, name, flags, Mode::empty())?)
}

/// What is in a directory, by name, and whether each is a directory itself.
pub(super) fn children(directory: BorrowedFd<'_>) -> io::Result<Vec<(Vec<u8>, bool)>> {
    let mut found = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if matches!(name, b"." | b"..") {
            continue;
        }
        let is_directory = match entry.file_type() {
            // Some file systems do not say.
            FileType::Unknown => {
                let found = rustix::fs::statat(
                    directory,
                    OsStr::from_bytes(name),
                    AtFlags::SYMLINK_NOFOLLOW,
                )?;
                FileType::from_raw_mode(found.st_mode) == FileType::Directory
            }
            kind => kind == FileType::Directory,
        };
        found.push((name.to_vec(), is_directory));
    }
    Ok(found)
}
