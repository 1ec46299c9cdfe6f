//! What an unpacked image is, as one digest: whether it still is what was unpacked.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{self, Read as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use blake3::Hasher;
use rustix::fs::{AtFlags, FileType, OFlags, Stat, readlinkat, statat};

use super::tree::{DEEPEST, Tree, child, children, find};

/// Most threads that read files.
const MOST_THREADS: usize = 4;
/// Bytes that are read at a time.
const CHUNK: usize = 128 << 10;

/// The digest of a content. Not SHA-256, which takes a multiple of the time, even where processors have instructions for it:
/// nobody else has to know this digest.
pub(super) type Content = blake3::Hash;

/// Digests of the contents of files, made when they were written: by device and inode.
#[derive(Debug, Default)]
pub(super) struct Written(HashMap<(u64, u64), Content>);

impl Written {
    /// Notes the content of a file that was written just now. Another one that had its inode is no more.
    pub(super) fn note(&mut self, file: &Stat, content: Content) {
        self.0.insert((file.st_dev, file.st_ino), content);
    }
}

/// The digest of everything below a directory: names, kinds, permissions, owners, times, contents and targets of links. Of files
/// that are among those `written`, the contents are not read.
pub(super) fn digest(root: &Path, written: &Written) -> io::Result<String> {
    let tree = Tree::open(root)?;
    let mut walk = Walk {
        lines: Vec::new(),
        files: Vec::new(),
        linked: HashMap::new(),
        written,
    };
    let top = tree.at(Path::new(""), OFlags::RDONLY | OFlags::DIRECTORY)?;
    walk.directory(top.as_fd(), Path::new(""), 2 * DEEPEST)?;
    let contents = contents(&tree, &walk.files)?;
    let mut digest = Hasher::new();
    for Line { text, content } in walk.lines {
        digest.update(&text);
        match content {
            Some(Known::Digest(content)) => {
                digest.update(content.as_bytes());
            }
            Some(Known::Number(number)) => {
                digest.update(contents[number].as_bytes());
            }
            None => {}
        }
        digest.update(b"\0");
    }
    Ok(format!("blake3:{}", digest.finalize()))
}

/// One file.
struct Line {
    text: Vec<u8>,
    content: Option<Known>,
}

/// What is known of a content.
#[derive(Clone, Copy)]
enum Known {
    Digest(Content),
    /// Which of the files that are still to be read has it.
    Number(usize),
}

struct Walk<'a> {
    lines: Vec<Line>,
    /// Files that are still to be read, each by the first of its names.
    files: Vec<PathBuf>,
    /// Number of the content of files with several names, by device and inode.
    linked: HashMap<(u64, u64), usize>,
    written: &'a Written,
}

impl Walk<'_> {
    fn directory(
        &mut self,
        directory: BorrowedFd<'_>,
        path: &Path,
        depth: usize,
    ) -> io::Result<()> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(io::Error::other("directories are nested too deeply"));
        };
        let mut names = children(directory)?;
        names.sort();
        for (name, is_directory) in names {
            let name = OsStr::from_bytes(&name);
            let path = path.join(name);
            let found = statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)?;
            let kind = FileType::from_raw_mode(found.st_mode);
            let mut text = path.as_os_str().as_bytes().to_vec();
            let (owner, group, modified) = (found.st_uid, found.st_gid, found.st_mtime);
            let mode = found.st_mode;
            text.extend(format!("\0{mode:o} {owner} {group} {modified} ").into_bytes());
            let mut content = None;
            if kind == FileType::RegularFile {
                text.extend(format!("{} ", found.st_size).into_bytes());
                content = Some(self.content((found.st_dev, found.st_ino), &path));
            } else if kind == FileType::Symlink {
                text.extend(readlinkat(directory, name, Vec::new())?.as_bytes());
            }
            self.lines.push(Line { text, content });
            if is_directory {
                self.directory(child(directory, name)?.as_fd(), &path, depth)?;
            }
        }
        Ok(())
    }

    /// What the file with that device and inode has in it.
    fn content(&mut self, file: (u64, u64), path: &Path) -> Known {
        if let Some(content) = self.written.0.get(&file) {
            return Known::Digest(*content);
        }
        let number = self.files.len();
        let known = *self.linked.entry(file).or_insert(number);
        if known == number {
            self.files.push(path.to_owned());
        }
        Known::Number(known)
    }
}

/// The digests of files, in their order.
fn contents(tree: &Tree, files: &[PathBuf]) -> io::Result<Vec<Content>> {
    let threads =
        thread::available_parallelism().map_or(1, |number| number.get().min(MOST_THREADS));
    let next = AtomicUsize::new(0);
    let work = || -> io::Result<Vec<(usize, Content)>> {
        let mut buffer = vec![0; CHUNK];
        let mut found = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(path) = files.get(number) else {
                return Ok(found);
            };
            let mut file = find(tree, path)?;
            let mut digest = Hasher::new();
            loop {
                match file.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(read) => {
                        digest.update(&buffer[..read]);
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
            found.push((number, digest.finalize()));
        }
    };
    let mut all = vec![Content::from_bytes([0; 32]); files.len()];
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads)
            .filter_map(|_| thread::Builder::new().spawn_scoped(scope, work).ok())
            .collect();
        let own = work();
        let others = others.into_iter().map(|other| {
            let panicked = |_| Err(io::Error::other("a thread that read files panicked"));
            other.join().unwrap_or_else(panicked)
        });
        for part in [own].into_iter().chain(others) {
            for (number, digest) in part? {
                all[number] = digest;
            }
        }
        Ok(all)
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::Written;

    fn digest(root: &std::path::Path) -> std::io::Result<String> {
        super::digest(root, &Written::default())
    }

    #[test]
    fn every_change_is_another_digest() {
        let folder = tempfile::tempdir().expect("a directory");
        let root = folder.path();
        fs::create_dir(root.join("directory")).expect("a directory");
        fs::write(root.join("directory/file"), "text").expect("a file");
        fs::hard_link(root.join("directory/file"), root.join("linked")).expect("a link");
        symlink("linked", root.join("symbolic")).expect("a link");
        let mut seen = vec![digest(root).expect("a digest")];
        assert_eq!(digest(root).expect("a digest"), seen[0]);
        let mut changed = |what: &str| {
            let now = digest(root).expect("a digest");
            assert!(!seen.contains(&now), "{what}");
            seen.push(now);
        };
        let time = fs::metadata(root.join("linked")).and_then(|found| found.modified());
        let time = time.expect("a time");
        // Of the same length, and at the same time.
        fs::write(root.join("linked"), "tExt").expect("a file");
        let file = fs::File::options().write(true).open(root.join("linked"));
        file.expect("a file").set_modified(time).expect("a time");
        changed("content");
        let mode = fs::Permissions::from_mode(0o4755);
        fs::set_permissions(root.join("linked"), mode).expect("permissions");
        changed("mode");
        fs::remove_file(root.join("symbolic")).expect("removed");
        symlink("another", root.join("symbolic")).expect("a link");
        changed("target");
        fs::rename(root.join("symbolic"), root.join("symbolic2")).expect("renamed");
        changed("name");
        fs::remove_file(root.join("directory/file")).expect("removed");
        changed("file");
    }
}
