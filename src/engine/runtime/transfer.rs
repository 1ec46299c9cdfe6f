//! Files into and out of a session.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use futures_util::StreamExt as _;
use rustix::fs::OFlags;
use tokio_util::io::{StreamReader, SyncIoBridge};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::jobs::{ask, ask_for_file, feed};
use super::namespace::UserNamespace;
use super::provide::is_out_of_space;
use super::tree::{Tree, find};
use super::unpack::{Meaning, UnpackError, unpack};
use super::words::{FILES, LOOK, MAKE, OPEN};
use crate::engine::one_file::one_file;
use crate::engine::{ByteStream, EngineError, GuestPath};

/// The files of a session.
#[derive(Debug)]
pub(super) enum SessionFiles {
    /// Reached by this process.
    Own(Tree),
    /// Reached by processes in a namespace of this user.
    Mapped {
        namespace: UserNamespace,
        /// The keeper in whose namespace they are; without one, they are an image's.
        keeper: Option<u32>,
        root: PathBuf,
    },
}

enum PutError {
    /// Of the directory.
    Place(io::Error),
    Unpack(UnpackError),
}

impl SessionFiles {
    /// Those below a directory.
    pub(super) fn open(
        root: PathBuf,
        namespace: Option<&UserNamespace>,
        keeper: Option<u32>,
    ) -> io::Result<Self> {
        Ok(match namespace {
            None => Self::Own(Tree::open(&root)?),
            Some(namespace) => Self::Mapped {
                namespace: namespace.clone(),
                keeper,
                root,
            },
        })
    }

    /// Whether there is something at a path.
    pub(super) fn has(&self, path: &Path) -> bool {
        match self {
            Self::Own(tree) => tree.at(path, OFlags::PATH).is_ok(),
            Self::Mapped { .. } => self
                .job(LOOK, path)
                .is_ok_and(|mut job| ask(&mut job).is_ok()),
        }
    }

    /// Makes a directory with its parents, where it does not exist.
    pub(super) fn make_directory(&self, path: &Path) -> io::Result<()> {
        match self {
            Self::Own(tree) => tree.make_directory(path).map(drop),
            Self::Mapped { .. } => ask(&mut self.job(MAKE, path)?),
        }
    }

    /// What is at a path, which is not followed if it is a link; a regular file can be read.
    fn find(&self, path: &Path) -> io::Result<File> {
        match self {
            Self::Own(tree) => find(tree, path),
            Self::Mapped { .. } => Ok(ask_for_file(&mut self.job(OPEN, path)?)?.into()),
        }
    }

    fn unpack(&self, directory: &Path, archive: impl Read) -> Result<(), PutError> {
        let unpacked = match self {
            Self::Own(tree) => {
                let below = tree.below(directory).map_err(PutError::Place)?;
                unpack(archive, &below, Meaning::Files)
            }
            Self::Mapped { .. } => {
                let job = |word| self.job(word, directory).map_err(PutError::Place);
                // Its answer says what is wrong with the directory; that of unpacking is about the archive.
                ask(&mut job(LOOK)?).map_err(PutError::Place)?;
                feed(&mut job(FILES)?, archive)
            }
        };
        unpacked.map(drop).map_err(PutError::Unpack)
    }

    /// A process for that job at a path.
    fn job(&self, word: &str, path: &Path) -> io::Result<Command> {
        let Self::Mapped {
            namespace,
            keeper,
            root,
        } = self
        else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        let mut command = match keeper {
            Some(keeper) => namespace.inside(*keeper),
            None => namespace.command(),
        };
        command.arg(word).arg(root).arg(path);
        Ok(command)
    }
}

/// Unpacks an archive below `directory`, until `stop` is cancelled. The work is one of `tasks`.
pub(super) async fn put(
    files: Arc<SessionFiles>,
    directory: &GuestPath,
    archive: ByteStream,
    stop: CancellationToken,
    tasks: &TaskTracker,
) -> Result<(), EngineError> {
    let operation = format!("unpack into {directory}");
    // It ends with the session, however long the next piece takes.
    let archive = archive.take_until(stop.cancelled_owned());
    let archive = SyncIoBridge::new(StreamReader::new(Box::pin(archive)));
    let place = PathBuf::from(directory.as_str());
    let work = tasks.spawn_blocking(move || files.unpack(&place, archive));
    let unpacked = work.await.map_err(|error| EngineError::Refused {
        operation: operation.clone(),
        source: Box::new(error),
    })?;
    match unpacked {
        Ok(()) => Ok(()),
        Err(PutError::Place(source)) => Err(failed(directory, &operation, source)),
        Err(PutError::Unpack(UnpackError::Read(source))) => {
            Err(EngineError::Unreadable { operation, source })
        }
        Err(PutError::Unpack(UnpackError::Write { source, .. })) if is_out_of_space(&source) => {
            Err(EngineError::DiskFull {
                operation,
                source: Box::new(source),
            })
        }
        Err(PutError::Unpack(error)) => Err(EngineError::Refused {
            operation,
            source: Box::new(error),
        }),
    }
}

/// The file at `path` as an archive. The work is one of `tasks`.
pub(super) async fn get(
    files: Arc<SessionFiles>,
    path: &GuestPath,
    tasks: &TaskTracker,
) -> Result<ByteStream, EngineError> {
    let operation = format!("read {path}");
    let place = PathBuf::from(path.as_str());
    let work = tasks.spawn_blocking(move || -> io::Result<(File, Metadata)> {
        let file = files.find(&place)?;
        let metadata = file.metadata()?;
        Ok((file, metadata))
    });
    let found = work
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)));
    let (file, metadata) = found.map_err(|source| failed(path, &operation, source))?;
    let content = metadata.is_file().then(|| tokio::fs::File::from_std(file));
    Ok(one_file(path.as_str(), &metadata, content))
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
