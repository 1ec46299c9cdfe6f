//! Files into and out of this file system.

use std::io;
use std::path::Path;

use futures_util::StreamExt as _;
use tokio_util::io::{StreamReader, SyncIoBridge};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::engine::one_file::one_file;
use crate::engine::{ByteStream, EngineError, GuestPath};

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
    if !metadata.is_file() {
        return Ok(one_file(path.as_str(), &metadata, None));
    }
    let file = tokio::fs::File::open(path.as_str()).await.map_err(failed)?;
    Ok(one_file(path.as_str(), &metadata, Some(file)))
}
