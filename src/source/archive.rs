//! Turns a tree into a tar stream.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use git2::{ObjectType, Oid};
use tar::{Builder, EntryType, Header};
use tokio::sync::mpsc;

use super::error::SourceError;
use super::extent::{MeasureError, measure};
use super::reader::Reader;
use super::store::Store;
use super::tree::tree_oid;
use crate::engine::ByteStream;

/// Size of the pieces of the stream, in bytes.
const PIECE: usize = 64 * 1024;
/// How many pieces may wait for the reader; the writer waits for a slow reader.
const WAITING: usize = 4;
/// Longest target of a link that fits into a tar header, in bytes.
const LONGEST_LINK: usize = 100;
/// A symbolic link in a git tree.
const LINK_MODE: i32 = 0o120_000;
/// An executable file in a git tree.
const EXECUTABLE_MODE: i32 = 0o100_755;

impl Store {
    /// A tree as a tar archive: directories and files in the tree's order, owner 0:0, modes 0755 or 0644, links as links,
    /// submodules as empty directories, all modified at `modified` (seconds since 1970; earlier times become 0). The same
    /// tree and time give the same bytes.
    ///
    /// Must be called in a tokio runtime. A failure becomes an error in the stream, and ends it. Dropping the stream ends
    /// the thread that writes it.
    pub fn archive(&self, tree_id: &str, modified: i64) -> ByteStream {
        let (sender, receiver) = mpsc::channel(WAITING);
        let store = self.clone();
        let tree_id = tree_id.to_owned();
        let failures = sender.clone();
        let started = std::thread::Builder::new()
            .name("tree-archive".to_owned())
            .spawn(move || {
                let mut pieces = Pieces {
                    filling: BytesMut::with_capacity(PIECE),
                    sender,
                };
                let modified = u64::try_from(modified).unwrap_or(0);
                let written = write_archive(&store, &tree_id, modified, &mut pieces);
                if let Err(error) = written.and_then(|()| pieces.flush()) {
                    // If the reader has gone, nobody needs the error.
                    let _ = pieces.sender.blocking_send(Err(error));
                }
            });
        if let Err(error) = started {
            // The channel is empty, so there is room; this error is then the whole stream.
            let _ = failures.try_send(Err(error));
        }
        drop(failures);
        futures_util::stream::unfold(receiver, |mut receiver| async move {
            receiver.recv().await.map(|piece| (piece, receiver))
        })
        .boxed()
    }
}

fn write_archive(
    store: &Store,
    tree_id: &str,
    modified: u64,
    pieces: &mut Pieces,
) -> io::Result<()> {
    let reader = Reader::open(store).map_err(io::Error::other)?;
    let root = tree_oid(reader.repository(), tree_id).map_err(io::Error::other)?;
    // A dropped stream is noticed when the first piece is sent.
    measure(reader.repository(), root, || true).map_err(|error| match error {
        MeasureError::Excess(source) => io::Error::other(SourceError::TreeExcess {
            tree: tree_id.to_owned(),
            source,
        }),
        MeasureError::Git(source) => unreadable(tree_id, b"a part", source),
    })?;
    let mut archive = Archive {
        reader,
        tree_id,
        out: Entries {
            modified,
            tar: Builder::new(pieces),
        },
    };
    archive.folder(root, &mut Vec::new())?;
    archive.out.tar.finish()
}

struct Archive<'a> {
    reader: Reader<'a>,
    tree_id: &'a str,
    out: Entries<'a>,
}

impl Archive<'_> {
    /// Writes the contents of the directory `id`; `path` is its path with a slash at the end, or empty. The
    /// depth of a tree that was measured is bounded, so the stack is enough.
    fn folder(&mut self, id: Oid, path: &mut Vec<u8>) -> io::Result<()> {
        let entries = self.reader.folder(id);
        let entries = entries.map_err(|source| unreadable(self.tree_id, path, source))?;
        let length = path.len();
        for entry in entries {
            path.extend_from_slice(&entry.name);
            match entry.kind {
                Some(ObjectType::Tree) => {
                    path.push(b'/');
                    self.out.entry(path, EntryType::Directory, 0o755, &[])?;
                    self.folder(entry.id, path)?;
                }
                Some(ObjectType::Blob) => {
                    let file = self.reader.file(entry.id);
                    let file = file.map_err(|source| unreadable(self.tree_id, path, source))?;
                    let content = file.content();
                    match entry.mode {
                        LINK_MODE => self.out.link(path, content)?,
                        EXECUTABLE_MODE => {
                            self.out.entry(path, EntryType::Regular, 0o755, content)?;
                        }
                        _ => self.out.entry(path, EntryType::Regular, 0o644, content)?,
                    }
                }
                // A submodule: git checks it out as an empty directory as well.
                _ => {
                    path.push(b'/');
                    self.out.entry(path, EntryType::Directory, 0o755, &[])?;
                }
            }
            path.truncate(length);
        }
        Ok(())
    }
}

/// Writes the entries of the archive.
struct Entries<'a> {
    modified: u64,
    tar: Builder<&'a mut Pieces>,
}

impl Entries<'_> {
    fn entry(&mut self, path: &[u8], kind: EntryType, mode: u32, content: &[u8]) -> io::Result<()> {
        let mut header = self.header(kind, mode);
        header.set_size(content.len() as u64);
        self.tar.append_data(&mut header, as_path(path), content)
    }

    fn link(&mut self, path: &[u8], target: &[u8]) -> io::Result<()> {
        let mut header = self.header(EntryType::Symlink, 0o777);
        header.set_size(0);
        if target.len() <= LONGEST_LINK {
            // Literally: the other method would normalise `./x` and `a//b`.
            header.set_link_name_literal(target)?;
            self.tar
                .append_data(&mut header, as_path(path), io::empty())
        } else {
            self.tar
                .append_link(&mut header, as_path(path), as_path(target))
        }
    }

    fn header(&self, kind: EntryType, mode: u32) -> Header {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(self.modified);
        header
    }
}

fn unreadable(tree_id: &str, path: &[u8], source: git2::Error) -> io::Error {
    io::Error::other(SourceError::EntryRead {
        path: String::from_utf8_lossy(path).into_owned(),
        tree: tree_id.to_owned(),
        source,
    })
}

fn as_path(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

/// Splits what is written into pieces for the stream, and waits while too many are waiting.
struct Pieces {
    filling: BytesMut,
    sender: mpsc::Sender<io::Result<Bytes>>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PIECE - self.filling.len());
        self.filling.extend_from_slice(&bytes[..taken]);
        if self.filling.len() == PIECE {
            self.flush()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.filling.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.filling, BytesMut::with_capacity(PIECE));
        self.sender
            .blocking_send(Ok(piece.freeze()))
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
