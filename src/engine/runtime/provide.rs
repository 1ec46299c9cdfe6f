//! Images from their sources into the store.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use futures_util::StreamExt as _;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use tokio_util::io::{StreamReader, SyncIoBridge};
use tokio_util::sync::CancellationToken;

use super::archive::{ArchiveProblem, Archived};
use super::rights::Rights;
use super::store::Store;
use super::unpack::UnpackError;
use crate::checksum::{hex, sha256_hex};
use crate::engine::{ByteStream, EngineError, Image, ImageContent};
use crate::regular_file::Stoppable;

/// Most bytes after the end of an archive that still belong to it: archivers fill up their last record.
const LONGEST_END: u64 = 64 << 20;

/// Bytes that are passed to the thread that makes the digest at a time, and how many such pieces it may be behind.
const PIECE: usize = 256 << 10;
const PIECES: usize = 16;

/// Why an image could not be unpacked.
#[derive(Debug, Error)]
pub(super) enum ProvideProblem {
    #[error("{archive} is not an archive of an image that can be used")]
    Archive {
        archive: String,
        #[source]
        source: ArchiveProblem,
    },
    #[error("layer {number} cannot be used")]
    Layer {
        number: usize,
        #[source]
        source: UnpackError,
    },
    #[error("layer {number} does not match its digest: it should be {expected} and is {found}")]
    OtherLayer {
        number: usize,
        expected: String,
        found: String,
    },
    #[error("could not keep it in the cache")]
    Store(#[source] io::Error),
}

/// Unpacks a root file system and keeps it as an image of one layer. `None` if it was cancelled.
pub(super) async fn keep_root(
    store: &Arc<Store>,
    name: &str,
    archive: ByteStream,
    environment: &BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
    architecture: &str,
    cancel: &CancellationToken,
) -> Result<Option<Image>, EngineError> {
    let environment = environment.iter();
    let environment: Vec<_> = environment
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let (store, own_name) = (Arc::clone(store), name.to_owned());
    let architecture = architecture.to_owned();
    working(name, cancel, move |stop| {
        let archive = archive.take_until(stop.clone().cancelled_owned());
        let archive = SyncIoBridge::new(StreamReader::new(Box::pin(archive)));
        let partial = store.begin().map_err(ProvideProblem::Store)?;
        let to = (store.rights(), partial.root());
        let (layer, size) = unpack_layer(1, archive, to, &stop)?;
        let content = ImageContent {
            layers: vec![layer],
            environment,
            architecture,
        };
        let config = json!({
            "architecture": content.architecture,
            "os": "linux",
            "config": {"Env": content.environment, "Labels": labels},
            "rootfs": {"type": "layers", "diff_ids": content.layers},
        });
        let id = format!("sha256:{}", sha256_hex(config.to_string().as_bytes()));
        let kept = store.keep(partial, &id, content, labels, size);
        let image = kept.map_err(ProvideProblem::Store)?;
        store.name(&own_name, &id).map_err(ProvideProblem::Store)?;
        Ok(image)
    })
    .await
}

/// Unpacks the image of an archive, which must be the one with that id. `None` if it was cancelled.
pub(super) async fn keep_archived(
    store: &Arc<Store>,
    id: &str,
    file: PathBuf,
    cancel: &CancellationToken,
) -> Result<Option<Image>, EngineError> {
    let (store, wanted) = (Arc::clone(store), id.to_owned());
    working(id, cancel, move |stop| {
        let no_archive = |source| ProvideProblem::Archive {
            archive: file.display().to_string(),
            source,
        };
        let archived = Archived::read(&file).map_err(no_archive)?;
        if archived.id != wanted {
            return Err(Stopped::OtherImage);
        }
        let partial = store.begin().map_err(ProvideProblem::Store)?;
        let expected = archived.config.rootfs.diff_ids.clone().unwrap_or_default();
        let mut size = 0;
        for (number, (place, expected)) in archived.layers.iter().zip(&expected).enumerate() {
            let layer = archived.layer(*place);
            let layer = layer.map_err(|error| no_archive(error.into()))?;
            size += unpack_expected(
                number + 1,
                layer,
                expected,
                (store.rights(), partial.root()),
                &stop,
            )?;
        }
        let (content, labels) = archived.config.content();
        let kept = store.keep(partial, &wanted, content, labels, size);
        Ok(kept.map_err(ProvideProblem::Store)?)
    })
    .await
}

/// Unpacks a layer that must have the digest `expected` to a root, by somebody's rights; returns the size of its files in bytes.
pub(super) fn unpack_expected(
    number: usize,
    layer: impl Read,
    expected: &str,
    to: (&Rights, &Path),
    stop: &CancellationToken,
) -> Result<u64, ProvideProblem> {
    let (found, bytes) = unpack_layer(number, layer, to, stop)?;
    if found == expected {
        return Ok(bytes);
    }
    Err(ProvideProblem::OtherLayer {
        number,
        expected: expected.to_owned(),
        found,
    })
}

/// Why the work ended without an image.
pub(super) enum Stopped {
    OtherImage,
    Problem(ProvideProblem),
}

impl From<ProvideProblem> for Stopped {
    fn from(problem: ProvideProblem) -> Self {
        Self::Problem(problem)
    }
}

/// Does the work where it may block. It ends when `cancel` is cancelled, or nobody waits for it any more.
pub(super) async fn working(
    name: &str,
    cancel: &CancellationToken,
    work: impl FnOnce(CancellationToken) -> Result<Image, Stopped> + Send + 'static,
) -> Result<Option<Image>, EngineError> {
    let operation = format!("unpack image {name}");
    let stop = cancel.child_token();
    let _stopping = stop.clone().drop_guard();
    let done = tokio::task::spawn_blocking(move || work(stop)).await;
    if cancel.is_cancelled() {
        return Ok(None);
    }
    let done = done.map_err(|source| EngineError::Refused {
        operation: operation.clone(),
        source: Box::new(source),
    })?;
    done.map(Some).map_err(|stopped| match stopped {
        Stopped::OtherImage => EngineError::NoImage {
            image: name.to_owned(),
        },
        Stopped::Problem(problem) if is_full(&problem) => EngineError::DiskFull {
            operation,
            source: Box::new(problem),
        },
        Stopped::Problem(problem) => EngineError::Refused {
            operation,
            source: Box::new(problem),
        },
    })
}

fn is_full(problem: &ProvideProblem) -> bool {
    let error = match problem {
        ProvideProblem::Store(error) => error,
        ProvideProblem::Layer {
            source: UnpackError::Write { source, .. },
            ..
        } => source,
        _ => return false,
    };
    is_out_of_space(error)
}

/// Whether the error says that the disk is full.
pub(super) fn is_out_of_space(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// Unpacks a layer over what is there. Returns the digest of the whole archive and the size of its files in bytes.
fn unpack_layer(
    number: usize,
    archive: impl Read,
    (rights, root): (&Rights, &Path),
    stop: &CancellationToken,
) -> Result<(String, u64), ProvideProblem> {
    let is_stopped = || stop.is_cancelled();
    let archive = Stoppable::new(archive, &is_stopped);
    let mut archive = Hashed::new(archive).map_err(ProvideProblem::Store)?;
    let failed = |source| ProvideProblem::Layer { number, source };
    let size = rights.unpack_layer(&mut archive, root).map_err(failed)?;
    let end = io::copy(&mut archive.by_ref().take(LONGEST_END), &mut io::sink());
    end.map_err(|error| failed(UnpackError::Read(error)))?;
    let digest = archive.digest().map_err(ProvideProblem::Store)?;
    Ok((digest, size))
}

/// Counts in what is read, by a thread of its own: unpacking takes as long as that.
struct Hashed<R> {
    archive: R,
    /// What has been read and not been passed on yet.
    piece: Vec<u8>,
    pieces: SyncSender<Vec<u8>>,
    thread: JoinHandle<Sha256>,
}

impl<R: Read> Hashed<R> {
    fn new(archive: R) -> io::Result<Self> {
        let (pieces, received) = sync_channel::<Vec<u8>>(PIECES);
        let thread = thread::Builder::new().spawn(move || {
            let mut digest = Sha256::new();
            for piece in received {
                digest.update(&piece);
            }
            digest
        })?;
        Ok(Self {
            archive,
            piece: Vec::new(),
            pieces,
            thread,
        })
    }

    fn pass_on(&mut self) -> io::Result<()> {
        let piece = std::mem::take(&mut self.piece);
        self.pieces.send(piece).map_err(|_| lost())
    }

    /// The digest of everything that was read.
    fn digest(mut self) -> io::Result<String> {
        self.pass_on()?;
        let Self { pieces, thread, .. } = self;
        drop(pieces);
        let digest = thread.join().map_err(|_| lost())?;
        Ok(format!("sha256:{}", hex(&digest.finalize())))
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.archive.read(buffer)?;
        self.piece.extend_from_slice(&buffer[..read]);
        if self.piece.len() >= PIECE {
            self.pass_on()?;
        }
        Ok(read)
    }
}

fn lost() -> io::Error {
    io::Error::other("the thread that counts in what is read has ended")
}
