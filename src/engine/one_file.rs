//! One file as an archive.

use std::fs::Metadata;
use std::os::unix::fs::PermissionsExt as _;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use tokio::io::AsyncReadExt as _;
use tokio_util::io::ReaderStream;

use super::session::ByteStream;

/// Size of a block of an archive, in bytes.
const BLOCK: u64 = 512;

/// An archive with one entry: the file at `path`, of which `metadata` tells the kind. `file` is its content, where it is a
/// regular one.
pub(super) fn one_file(
    path: &str,
    metadata: &Metadata,
    file: Option<tokio::fs::File>,
) -> ByteStream {
    let mut header = tar::Header::new_gnu();
    let name = path.rsplit('/').next().unwrap_or_default();
    if header.set_path(name).is_err() {
        // Too long for an archive, or none at all; whoever reads it knows what was asked for.
        let _ = header.set_path("file");
    }
    header.set_mode(metadata.permissions().mode() & 0o7777);
    let kind = if metadata.is_file() {
        tar::EntryType::Regular
    } else if metadata.is_dir() {
        tar::EntryType::Directory
    } else if metadata.is_symlink() {
        tar::EntryType::Symlink
    } else {
        tar::EntryType::Fifo
    };
    header.set_entry_type(kind);
    let size = if file.is_some() { metadata.len() } else { 0 };
    header.set_size(size);
    header.set_cksum();
    let head = stream::iter([Ok(Bytes::copy_from_slice(header.as_bytes()))]);
    // The file's last block is filled up, and two empty ones end the archive.
    let rest = size.next_multiple_of(BLOCK) - size + 2 * BLOCK;
    let end = vec![0; usize::try_from(rest).unwrap_or_default()];
    let end = stream::iter([Ok(Bytes::from(end))]);
    match file {
        None => head.chain(end).boxed(),
        Some(file) => {
            let content = ReaderStream::with_capacity(file.take(size), 64 << 10);
            head.chain(content).chain(end).boxed()
        }
    }
}
