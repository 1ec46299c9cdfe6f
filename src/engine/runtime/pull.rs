//! Images of registries into the store.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::archive::{ArchiveProblem, Config, LIMIT, layer_in};
use super::provide::{ProvideProblem, is_out_of_space, unpack_expected, working};
use super::store::{Partial, Store};
use crate::engine::error::EngineError;
use crate::engine::image::{Image, ImageContent};
use crate::events::Sink;
use crate::transport::{
    Access, ClientSettings, Patience, Platform, Reference, Transport, TransportError,
};

/// An image of a registry.
pub(super) struct Wanted<'a> {
    /// What it is called here.
    pub(super) name: &'a str,
    /// Registry, repository, and tag or digest.
    pub(super) reference: &'a str,
    /// The content that it must have.
    pub(super) expected: Option<&'a ImageContent>,
    /// Longest time without a byte.
    pub(super) stall: Duration,
    /// Architecture in Go's terms.
    pub(super) architecture: &'a str,
}

/// Pulls an image and keeps it. `None` if it was cancelled.
pub(super) async fn keep_pulled(
    store: &Arc<Store>,
    wanted: &Wanted<'_>,
    settings: &ClientSettings,
    sink: &dyn Sink,
    cancel: &CancellationToken,
) -> Result<Option<Image>, EngineError> {
    let downloaded = tokio::select! {
        biased;
        () = cancel.cancelled() => return Ok(None),
        downloaded = download(store, wanted, settings, sink) => downloaded?,
    };
    let (downloaded, repo_digest) = match downloaded {
        Downloaded::There(image) => return Ok(Some(image)),
        Downloaded::New(new, repo_digest) => (new, repo_digest),
    };
    let (store, name) = (Arc::clone(store), wanted.name.to_owned());
    let kept = working(wanted.reference, cancel, move |stop| {
        Ok(unpack(&store, &name, *downloaded, &stop)?)
    });
    Ok(kept.await?.map(|image| Image {
        repo_digests: vec![repo_digest],
        ..image
    }))
}

/// An image whose layers are files here.
struct New {
    partial: Partial,
    id: String,
    content: ImageContent,
    labels: BTreeMap<String, String>,
    layers: Vec<(PathBuf, u64)>,
}

enum Downloaded {
    /// It was here before.
    There(Image),
    /// It was not; and the digest by which the registry knows it.
    New(Box<New>, String),
}

async fn download(
    store: &Store,
    wanted: &Wanted<'_>,
    settings: &ClientSettings,
    sink: &dyn Sink,
) -> Result<Downloaded, EngineError> {
    let failed = |source| EngineError::Pull {
        reference: wanted.reference.to_owned(),
        source: Box::new(source),
    };
    let not_kept = |source: io::Error| EngineError::Refused {
        operation: format!("keep image {}", wanted.reference),
        source: Box::new(source),
    };
    let transport = Transport {
        settings: settings.clone(),
        patience: Patience::with_stall(wanted.stall),
    };
    let reference = Reference::of_image(wanted.reference);
    let reference = reference.map_err(|error| failed(error.into()))?;
    let Some(name) = &reference.name else {
        return Err(EngineError::NoImage {
            image: wanted.reference.to_owned(),
        });
    };
    let repository = transport.open(&reference.place, Access::Read, sink).await;
    let repository = repository.map_err(failed)?;
    let platform = Platform::linux(wanted.architecture);
    let manifest = repository.manifest_for(name, &platform).await;
    let (descriptor, manifest) = manifest.map_err(failed)?;
    let config = repository.fetch_bytes(&manifest.config, LIMIT).await;
    let config = config.map_err(failed)?;
    let id = manifest.config.digest.to_string();
    let unusable = |source: ArchiveProblem| EngineError::Refused {
        operation: format!("use image {}", wanted.reference),
        source: Box::new(source),
    };
    let config = Config::parse(&config, &id, manifest.layers.len()).map_err(unusable)?;
    let (content, labels) = config.content();
    if wanted.expected.is_some_and(|expected| *expected != content) {
        return Err(EngineError::OtherContent {
            reference: wanted.reference.to_owned(),
            found: content,
        });
    }
    let (repository_name, _) = wanted.reference.split_once('@').unwrap_or_else(|| {
        let tag = wanted.reference.rfind(':');
        // A colon before a slash is of a port.
        let tag = tag.filter(|tag| !wanted.reference[*tag..].contains('/'));
        (
            &wanted.reference[..tag.unwrap_or(wanted.reference.len())],
            "",
        )
    });
    let repo_digest = format!("{repository_name}@{}", descriptor.digest);
    if let Some(image) = store.find(&id).map_err(not_kept)? {
        store.name(wanted.name, &id).map_err(not_kept)?;
        return Ok(Downloaded::There(Image {
            repo_digests: vec![repo_digest],
            ..image
        }));
    }
    let partial = store.begin().map_err(not_kept)?;
    let directory = partial.downloads().to_owned();
    fs::create_dir(&directory).map_err(not_kept)?;
    let mut layers = Vec::new();
    for (number, layer) in manifest.layers.iter().enumerate() {
        let path = directory.join(number.to_string());
        match repository.fetch_file(layer, &path).await {
            Ok(()) => {}
            Err(TransportError::Unwritable { source, .. }) => {
                return Err(disk_failed(wanted.reference, source));
            }
            Err(error) => return Err(failed(error)),
        }
        layers.push((path, layer.size));
    }
    let new = New {
        partial,
        id,
        content,
        labels,
        layers,
    };
    Ok(Downloaded::New(Box::new(new), repo_digest))
}

fn disk_failed(reference: &str, source: io::Error) -> EngineError {
    let operation = format!("pull {reference}");
    let source = Box::new(source);
    if is_out_of_space(&source) {
        EngineError::DiskFull { operation, source }
    } else {
        EngineError::Refused { operation, source }
    }
}

fn unpack(
    store: &Store,
    name: &str,
    new: New,
    stop: &CancellationToken,
) -> Result<Image, ProvideProblem> {
    let New {
        mut partial,
        id,
        content,
        labels,
        layers,
    } = new;
    let mut size = 0;
    for (number, ((path, length), expected)) in layers.iter().zip(&content.layers).enumerate() {
        let file = File::open(path).map_err(ProvideProblem::Store)?;
        let layer = layer_in(&file, 0, *length).map_err(ProvideProblem::Store)?;
        size += unpack_expected(number + 1, layer, expected, &mut partial, stop)?;
        // Two copies of a large image are one too many.
        fs::remove_file(path).map_err(ProvideProblem::Store)?;
    }
    fs::remove_dir(partial.downloads()).map_err(ProvideProblem::Store)?;
    let image = store.keep(partial, &id, content, labels, size);
    let image = image.map_err(ProvideProblem::Store)?;
    store.name(name, &id).map_err(ProvideProblem::Store)?;
    Ok(image)
}
