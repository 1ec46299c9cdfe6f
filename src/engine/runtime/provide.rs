//! Images from their sources into the store.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::StreamExt as _;
use serde_json::json;
use thiserror::Error;
use tokio_util::io::{StreamReader, SyncIoBridge};
use tokio_util::sync::CancellationToken;

use super::ahead::read_ahead;
use super::archive::{ArchiveProblem, Archived};
use super::store::{Partial, Store};
use super::unpack::UnpackError;
use crate::checksum::sha256_hex;
use crate::engine::{ByteStream, EngineError, Image, ImageContent};

/// Most bytes after the end of an archive that still belong to it: archivers fill up their last record.
const LONGEST_END: u64 = 64 << 20;

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
        let mut partial = store.begin().map_err(ProvideProblem::Store)?;
        let (layer, size) = unpack_layer(1, archive, &mut partial, &stop)?;
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
        let mut partial = store.begin().map_err(ProvideProblem::Store)?;
        let expected = archived.config.rootfs.diff_ids.clone().unwrap_or_default();
        let mut size = 0;
        for (number, (place, expected)) in archived.layers.iter().zip(&expected).enumerate() {
            let layer = archived.layer(*place);
            let layer = layer.map_err(|error| no_archive(error.into()))?;
            size += unpack_expected(number + 1, layer, expected, &mut partial, &stop)?;
        }
        let (content, labels) = archived.config.content();
        let kept = store.keep(partial, &wanted, content, labels, size);
        Ok(kept.map_err(ProvideProblem::Store)?)
    })
    .await
}

/// Unpacks a layer that must have the digest `expected`; returns the size of its files in bytes.
pub(super) fn unpack_expected(
    number: usize,
    layer: impl Read + Send,
    expected: &str,
    to: &mut Partial,
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
    archive: impl Read + Send,
    to: &mut Partial,
    stop: &CancellationToken,
) -> Result<(String, u64), ProvideProblem> {
    let (size, digest) = read_ahead(archive, stop, |mut archive| {
        let size = to.unpack_layer(&mut archive)?;
        let end = io::copy(&mut archive.take(LONGEST_END), &mut io::sink());
        match end.map_err(UnpackError::Read)? {
            LONGEST_END => Err(UnpackError::Read(io::Error::other("it does not end"))),
            _ => Ok(size),
        }
    })
    .map_err(ProvideProblem::Store)?;
    let size = size.map_err(|source| ProvideProblem::Layer { number, source })?;
    Ok((digest, size))
}
