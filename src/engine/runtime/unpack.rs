//! Unpacks archives of others into a tree, and never out of it.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{
    AtFlags, FileType, Gid, Mode, OFlags, Timespec, Timestamps, Uid, XattrFlags, chownat, fchmod,
    fsetxattr, fstat, futimens, linkat, mkdirat, mknodat, openat, statat, symlinkat, utimensat,
};
use rustix::io::Errno;
use thiserror::Error;

use super::digest::Written;
use super::entry::{Announced, Entry, Refusal, What};
use super::tree::{Place, Tree, child, children, remove};

/// Most entries of one archive. A toolchain image has about fifty thousand.
const MOST_ENTRIES: u64 = 1_000_000;
/// Most bytes of one archive. A toolchain image has about one gigabyte.
const MOST_BYTES: u64 = 64 << 30;
/// Most bytes of the paths that have to be remembered until the end.
const MOST_NAMES: usize = 512 << 20;
/// Beginning of a name that takes away what a lower layer has.
const WHITEOUT: &[u8] = b".wh.";
/// A name that takes away all that lower layers have in its directory.
const OPAQUE: &[u8] = b".wh..wh..opq";
/// Beginning of names of a file system's own administration.
const ADMINISTRATION: &[u8] = b".wh..wh.";
/// Bytes that are copied at a time.
const CHUNK: usize = 128 << 10;

/// How unpacking can fail. A part has been unpacked then.
#[derive(Debug, Error)]
pub(super) enum UnpackError {
    #[error("could not read the archive")]
    Read(#[source] io::Error),
    #[error("could not write {name:?}")]
    Write {
        name: String,
        #[source]
        source: io::Error,
    },
    #[error("entry {name:?} of the archive is refused")]
    Refused {
        name: String,
        #[source]
        refusal: Refusal,
    },
}

/// How an archive is unpacked.
#[derive(Debug)]
pub(super) enum Meaning<'a> {
    /// As a layer of an image: over what lower ones have, some of which it takes away. What it has written is noted.
    Layer(&'a mut Written),
    /// As files: nothing is taken away.
    Files,
}

/// Unpacks an archive into a tree, up to the end of the archive. Returns the size of its files in bytes.
///
/// # Errors
/// [`UnpackError`]
pub(super) fn unpack(
    archive: impl Read,
    tree: &Tree,
    meaning: Meaning<'_>,
) -> Result<u64, UnpackError> {
    let mut archive = tar::Archive::new(archive);
    let mut work = Unpacking {
        tree,
        meaning,
        entries: 0,
        bytes: 0,
        seen: HashSet::new(),
        names: 0,
        directories: HashMap::new(),
        last: None,
        buffer: vec![0; CHUNK],
    };
    let mut announced = Announced::default();
    // Raw: what the headers before an entry say of it would be read into memory whole, however long it is.
    let entries = archive.entries().map_err(UnpackError::Read)?.raw(true);
    for entry in entries {
        let mut entry = entry.map_err(UnpackError::Read)?;
        let header = entry.header().clone();
        let name = announced.name(&header);
        let refused = |refusal| UnpackError::Refused {
            name: name.clone(),
            refusal,
        };
        work.count(entry.size()).map_err(refused)?;
        let taken = announced.take(&header, &mut entry);
        if taken.map_err(UnpackError::Read)?.map_err(refused)? {
            continue;
        }
        let what = std::mem::take(&mut announced);
        let what = what.entry(&header).map_err(refused)?;
        match work.add(&what, &mut entry) {
            Ok(()) => {}
            Err(Failure::Read(source)) => return Err(UnpackError::Read(source)),
            Err(Failure::Refused(refusal)) => return Err(refused(refusal)),
            Err(Failure::Write(source)) => return Err(UnpackError::Write { name, source }),
        }
    }
    work.finish()?;
    Ok(work.bytes)
}

enum Failure {
    Read(io::Error),
    Write(io::Error),
    Refused(Refusal),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

impl From<Errno> for Failure {
    fn from(error: Errno) -> Self {
        Self::Write(error.into())
    }
}

struct Unpacking<'a> {
    tree: &'a Tree,
    meaning: Meaning<'a>,
    entries: u64,
    bytes: u64,
    /// What this layer has unpacked, with its parents; only of a layer.
    seen: HashSet<PathBuf>,
    /// Bytes of the paths in `seen` and `directories`.
    names: usize,
    /// Times of directories, which are set at the end: what is put into one changes its own.
    directories: HashMap<PathBuf, i64>,
    /// The directory of the last entry, if that was a file where nothing was before: nothing has changed the way to it since.
    last: Option<(PathBuf, Arc<OwnedFd>)>,
    buffer: Vec<u8>,
}

impl Unpacking<'_> {
    fn count(&mut self, bytes: u64) -> Result<(), Refusal> {
        self.entries += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        if self.entries > MOST_ENTRIES {
            let limit = MOST_ENTRIES;
            return Err(Refusal::Entries { limit });
        }
        if self.bytes > MOST_BYTES {
            let limit = MOST_BYTES;
            return Err(Refusal::Bytes { limit });
        }
        Ok(())
    }

    fn add(&mut self, entry: &Entry, content: &mut impl Read) -> Result<(), Failure> {
        if matches!(entry.what, What::Skipped) {
            return Ok(());
        }
        // Kept twice at most, and the first of it with its parents.
        self.names += 2 * entry.path.as_os_str().len();
        if self.names > MOST_NAMES {
            let limit = self.entries;
            return Err(Failure::Refused(Refusal::Entries { limit }));
        }
        let Some(place) = self.place(entry)? else {
            // The root itself.
            if matches!(entry.what, What::Directory) {
                let root = self
                    .tree
                    .at(Path::new(""), OFlags::RDONLY | OFlags::DIRECTORY)?;
                give(root.as_fd(), entry)?;
                settle(root.as_fd(), entry)?;
                self.directories.insert(PathBuf::new(), entry.modified);
                return Ok(());
            }
            return Err(Failure::Refused(Refusal::Outside));
        };
        if matches!(self.meaning, Meaning::Layer(_)) {
            if let Some(name) = place.name.as_bytes().strip_prefix(WHITEOUT) {
                return self.take_away(&place, name, &entry.path);
            }
            for path in entry.path.ancestors() {
                if !self.seen.insert(path.to_owned()) {
                    break;
                }
            }
        }
        let (directory, name) = (place.directory.as_fd(), place.name);
        // Nearly all are files where nothing is: they are not looked for before.
        if matches!(entry.what, What::File)
            && let Some(file) = new_file(directory, name)?
        {
            self.write(file, entry, content)?;
            let parent = entry.path.parent().unwrap_or(Path::new(""));
            self.last = Some((parent.to_owned(), place.directory));
            return Ok(());
        }
        let there = match statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) => Some(FileType::from_raw_mode(found.st_mode)),
            Err(Errno::NOENT) => None,
            Err(error) => return Err(error.into()),
        };
        let is_directory = matches!(entry.what, What::Directory);
        match there {
            Some(FileType::Directory) if is_directory => {}
            Some(FileType::Directory) if matches!(self.meaning, Meaning::Files) => {
                return Err(Failure::Refused(Refusal::DirectoryInPlace));
            }
            Some(_) => {
                remove(directory, name)?;
                self.directories.remove(&entry.path);
            }
            None => {}
        }
        match &entry.what {
            What::Directory => {
                match mkdirat(directory, name, Mode::from_raw_mode(0o700)) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(error) => return Err(error.into()),
                }
                let made = child(directory, name)?;
                give(made.as_fd(), entry)?;
                settle(made.as_fd(), entry)?;
                self.directories.insert(entry.path.clone(), entry.modified);
            }
            What::File => match new_file(directory, name)? {
                Some(file) => self.write(file, entry, content)?,
                None => return Err(Errno::EXIST.into()),
            },
            What::HardLink(target) => self.link(directory, name, target)?,
            What::SymbolicLink(target) => {
                symlinkat(target.as_path(), directory, name)?;
                settle_link(directory, name, entry)?;
            }
            What::Pipe => {
                let mode = Mode::from_raw_mode(entry.mode);
                mknodat(directory, name, FileType::Fifo, mode, 0)?;
                settle_link(directory, name, entry)?;
            }
            What::Skipped => {}
        }
        Ok(())
    }

    /// Where an entry is to be; `None` for the root itself.
    fn place<'e>(&mut self, entry: &'e Entry) -> io::Result<Option<Place<'e>>> {
        let last = self.last.take();
        if matches!(entry.what, What::File)
            && let Some((path, directory)) = last
            && let (Some(parent), Some(name)) = (entry.path.parent(), entry.path.file_name())
            && path == parent
        {
            return Ok(Some(Place { directory, name }));
        }
        self.tree.place(&entry.path)
    }

    fn write(
        &mut self,
        mut file: File,
        entry: &Entry,
        content: &mut impl Read,
    ) -> Result<(), Failure> {
        let mut digest = blake3::Hasher::new();
        loop {
            let read = match content.read(&mut self.buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Failure::Read(error)),
            };
            let piece = &self.buffer[..read];
            file.write_all(piece)?;
            if matches!(self.meaning, Meaning::Layer(_)) {
                digest.update(piece);
            }
        }
        let made = fstat(&file)?;
        if let Meaning::Layer(written) = &mut self.meaning {
            written.note(&made, digest.finalize());
        }
        if (made.st_uid, made.st_gid) != (entry.owner, entry.group) {
            give(file.as_fd(), entry)?;
        }
        settle(file.as_fd(), entry)?;
        futimens(&file, &times(entry.modified))?;
        Ok(())
    }

    fn link(&self, directory: BorrowedFd<'_>, name: &OsStr, target: &Path) -> Result<(), Failure> {
        let no_target = || {
            let target = target.display().to_string();
            Failure::Refused(Refusal::NoTarget { target })
        };
        let parent = target.parent().unwrap_or(Path::new(""));
        let parent = match self.tree.directory(parent) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(no_target()),
            parent => parent?,
        };
        let target_name = target.file_name().ok_or_else(no_target)?;
        // The link itself where the target is a symbolic one.
        match linkat(&parent, target_name, directory, name, AtFlags::empty()) {
            Err(Errno::NOENT) => Err(no_target()),
            linked => Ok(linked?),
        }
    }

    /// Takes away what lower layers have; what this layer has brought stays.
    fn take_away(&mut self, place: &Place<'_>, name: &[u8], path: &Path) -> Result<(), Failure> {
        let whole = place.name.as_bytes();
        let parent = path.parent().unwrap_or(Path::new(""));
        if whole == OPAQUE {
            self.take_all_away(&place.directory, parent)?;
        } else if !whole.starts_with(ADMINISTRATION) && !name.is_empty() {
            if matches!(name, b"." | b"..") {
                return Err(Failure::Refused(Refusal::Outside));
            }
            let name = OsStr::from_bytes(name);
            if !self.seen.contains(&parent.join(name)) {
                remove(place.directory.as_fd(), name)?;
            }
        }
        Ok(())
    }

    fn take_all_away(&self, directory: impl AsFd, path: &Path) -> io::Result<()> {
        // The one that is given was opened only to be a place.
        let directory = child(directory.as_fd(), OsStr::new("."))?;
        for (name, is_directory) in children(directory.as_fd())? {
            let name = OsStr::from_bytes(&name);
            let path = path.join(name);
            if !self.seen.contains(&path) {
                remove(directory.as_fd(), name)?;
            } else if is_directory {
                self.take_all_away(child(directory.as_fd(), name)?, &path)?;
            }
        }
        Ok(())
    }

    /// Sets the times of the directories.
    fn finish(&self) -> Result<(), UnpackError> {
        for (path, modified) in &self.directories {
            let set = || -> io::Result<()> {
                let flags = OFlags::RDONLY | OFlags::DIRECTORY;
                let directory = match self.tree.at(path, flags) {
                    // A later entry took its place.
                    Err(error)
                        if matches!(
                            error.kind(),
                            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                        ) =>
                    {
                        return Ok(());
                    }
                    directory => directory?,
                };
                Ok(futimens(directory, &times(*modified))?)
            };
            set().map_err(|source| UnpackError::Write {
                name: path.display().to_string(),
                source,
            })?;
        }
        Ok(())
    }
}

/// A file of that name, or `None` where something has it.
fn new_file(directory: BorrowedFd<'_>, name: &OsStr) -> Result<Option<File>, Failure> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match openat(directory, name, flags, Mode::from_raw_mode(0o600)) {
        Ok(file) => Ok(Some(File::from(file))),
        Err(Errno::EXIST) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Gives a file or directory to its owner. What it may be used for is set after that, which would be undone.
fn give(file: BorrowedFd<'_>, entry: &Entry) -> Result<(), Failure> {
    let (owner, group) = (Uid::from_raw(entry.owner), Gid::from_raw(entry.group));
    owned(rustix::fs::fchown(file, Some(owner), Some(group)), entry)
}

/// Extended attributes and permissions of a file or directory that has its owner, in the order in which the one does not undo the
/// other.
fn settle(file: BorrowedFd<'_>, entry: &Entry) -> Result<(), Failure> {
    for (name, value) in &entry.extended {
        match fsetxattr(file, name.as_str(), value, XattrFlags::empty()) {
            // A file system without them.
            Ok(()) | Err(Errno::NOTSUP) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(fchmod(file, Mode::from_raw_mode(entry.mode))?)
}

/// A user namespace does not have every id.
fn owned(given: Result<(), Errno>, entry: &Entry) -> Result<(), Failure> {
    match given {
        Err(Errno::INVAL) => Err(Failure::Refused(Refusal::Owner {
            owner: entry.owner,
            group: entry.group,
        })),
        given => Ok(given?),
    }
}

/// Owner and time of what cannot be opened.
fn settle_link(directory: BorrowedFd<'_>, name: &OsStr, entry: &Entry) -> Result<(), Failure> {
    let (owner, group) = (Uid::from_raw(entry.owner), Gid::from_raw(entry.group));
    let flags = AtFlags::SYMLINK_NOFOLLOW;
    owned(
        chownat(directory, name, Some(owner), Some(group), flags),
        entry,
    )?;
    Ok(utimensat(directory, name, &times(entry.modified), flags)?)
}

fn times(modified: i64) -> Timestamps {
    let time = Timespec {
        tv_sec: modified,
        tv_nsec: 0,
    };
    Timestamps {
        last_access: time,
        last_modification: time,
    }
}
