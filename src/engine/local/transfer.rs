//! Files into and out of this file system.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use tokio::io::AsyncReadExt as _;
use tokio_util::io::{ReaderStream, StreamReader, SyncIoBridge};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::engine::{ByteStream, EngineError, GuestPath};

/// Size of a block of an archive, in bytes.
const BLOCK: u64 = 512;

/// Unpacks an archive below `directory`, until `stop` is cancelled. The work is one of `tasks`.
pub(super) async fn unpack(
    directory: &GuestPath,
    archive: ByteStream,
    stop: CancellationToken,
    tasks: &TaskTracker,
) -> Result<(), EngineError> {
    let operation = format!("unpack into {directory}");
    let path = directory.as_str().to_owned();
    if !Path::new(&path).is_dir() {
        let path = directory.clone();
        return Err(EngineError::NotInSession { path });
    }
    // It ends with the session, however long the next piece takes.
    let archive = archive.take_until(stop.cancelled_owned());
    let archive = SyncIoBridge::new(StreamReader::new(Box::pin(archive)));
    let work = tasks.spawn_blocking(move || tar::Archive::new(archive).unpack(path));
    let unpacked = work.await;
    let unpacked = unpacked.unwrap_or_else(|error| Err(io::Error::other(error)));
    unpacked.map_err(|source| match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => EngineError::DiskFull {
            operation,
            source: Box::new(source),
        },
        _ => EngineError::Refused {
            operation,
            source: Box::new(source),
        },
    })
}

/// The file at `path` as an archive.
pub(super) async fn pack(path: &GuestPath) -> Result<ByteStream, EngineError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            EngineError::NotInSession { path: path.clone() }
        }
        _ => EngineError::Refused {
            operation: format!("read {path}"),
            source: Box::new(source),
        },
    };
    let metadata = tokio::fs::symlink_metadata(path.as_str());
    let metadata = metadata.await.map_err(failed)?;
    let mut header = tar::Header::new_gnu();
    let name = path.as_str().rsplit('/').next().unwrap_or_default();
    if header.set_path(name).is_err() {
        // Too long for an archive; whoever reads it knows what was asked for.
        header.set_path("file").map_err(failed)?;
    }
    header.set_mode(metadata.permissions().mode() & 0o777);
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
    let size = if metadata.is_file() {
        metadata.len()
    } else {
        0
    };
    header.set_size(size);
    header.set_cksum();
    let head = stream::iter([Ok(Bytes::copy_from_slice(header.as_bytes()))]);
    // The file's last block is filled up, and two empty ones end the archive.
    let rest = size.next_multiple_of(BLOCK) - size + 2 * BLOCK;
    let end = vec![0; usize::try_from(rest).unwrap_or_default()];
    let end = stream::iter([Ok(Bytes::from(end))]);
    if size == 0 {
        return Ok(head.chain(end).boxed());
    }
    let file = tokio::fs::File::open(path.as_str()).await.map_err(failed)?;
    let content = ReaderStream::with_capacity(file.take(size), 64 << 10);
    Ok(head.chain(content).chain(end).boxed())
}
