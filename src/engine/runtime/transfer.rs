//! Files into and out of a session.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use futures_util::StreamExt as _;
use rustix::fs::OFlags;
use tokio_util::io::{StreamReader, SyncIoBridge};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::provide::is_out_of_space;
use super::tree::Tree;
use super::unpack::{Meaning, UnpackError, unpack};
use crate::engine::one_file::one_file;
use crate::engine::{ByteStream, EngineError, GuestPath};

/// Unpacks an archive below `directory`, until `stop` is cancelled. The work is one of `tasks`.
pub(super) async fn put(
    tree: Arc<Tree>,
    directory: &GuestPath,
    archive: ByteStream,
    stop: CancellationToken,
    tasks: &TaskTracker,
) -> Result<(), EngineError> {
    let operation = format!("unpack into {directory}");
    let below = tree.below(Path::new(directory.as_str()));
    let below = below.map_err(|source| failed(directory, &operation, source))?;
    // It ends with the session, however long the next piece takes.
    let archive = archive.take_until(stop.cancelled_owned());
    let archive = SyncIoBridge::new(StreamReader::new(Box::pin(archive)));
    let work = tasks.spawn_blocking(move || unpack(archive, &below, Meaning::Files));
    let unpacked = work.await.map_err(|error| EngineError::Refused {
        operation: operation.clone(),
        source: Box::new(error),
    })?;
    match unpacked {
        Ok(_) => Ok(()),
        Err(UnpackError::Read(source)) => Err(EngineError::Unreadable { operation, source }),
        Err(UnpackError::Write { source, .. }) if is_out_of_space(&source) => {
            Err(EngineError::DiskFull {
                operation,
                source: Box::new(source),
            })
        }
        Err(error) => Err(EngineError::Refused {
            operation,
            source: Box::new(error),
        }),
    }
}

/// The file at `path` as an archive.
pub(super) fn pack(tree: &Tree, path: &GuestPath) -> Result<ByteStream, EngineError> {
    let operation = format!("read {path}");
    let read = || -> io::Result<ByteStream> {
        let inner = Path::new(path.as_str());
        // Only looked at: opening a pipe would wait for somebody, and a device may never end.
        let found = tree.at(inner, OFlags::PATH | OFlags::NOFOLLOW)?;
        let metadata = File::from(found).metadata()?;
        if !metadata.is_file() {
            return Ok(one_file(path.as_str(), &metadata, None));
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file = File::from(tree.at(inner, flags)?);
        let metadata = file.metadata()?;
        let file = metadata.is_file().then(|| tokio::fs::File::from_std(file));
        Ok(one_file(path.as_str(), &metadata, file))
    };
    read().map_err(|source| failed(path, &operation, source))
}

fn failed(path: &GuestPath, operation: &str, source: io::Error) -> EngineError {
    match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            EngineError::NotInSession { path: path.clone() }
        }
        _ => EngineError::Refused {
            operation: operation.to_owned(),
            source: Box::new(source),
        },
    }
}
