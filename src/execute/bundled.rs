//! Images into a bundle and out of one. What comes out is the locked image or none.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tokio_util::io::{StreamReader, SyncIoBridge};

use super::bootstrap::with_root;
use super::context::Context;
use super::error::ExecuteError;
use super::found::{engine_failed, moved, present};
use crate::bundle::{BundleError, BundledImage, Bundles, PackedLayer, pack_layer, unpacked};
use crate::checksum::hex;
use crate::engine::{ByteStream, EngineError, Image, ImageContent, ImageSource};
use crate::plan::{Plan, PlannedDebian, PlannedImage};
use crate::transport::Digest;

/// Largest configuration of an image in bytes.
const LARGEST_CONFIGURATION: u64 = 1 << 20;
/// Bytes that are read at a time.
const CHUNK: usize = 256 << 10;
/// How many pieces may wait for the engine.
const WAITING: usize = 4;

/// The root file system of the bootstrapped image `name` of a plan as a compressed layer in the new file `path`: out of the engine that has it, where
/// that gives images away, or else made again. `None` if the plan's image is another kind of image.
///
/// # Errors
/// [`ExecuteError`]; [`ExecuteError::ImageMoved`] if what is made is not the locked image.
pub async fn pack_root(
    plan: &Plan,
    name: &str,
    locked: &ImageContent,
    path: &Path,
    context: &Context<'_>,
) -> Result<Option<PackedLayer>, ExecuteError> {
    let PlannedImage::Debian(debian) = &plan.image else {
        return Ok(None);
    };
    let failed = |source| ExecuteError::Bundle {
        image: name.to_owned(),
        source,
    };
    let there = present(name, context).await?;
    let there = there.filter(|image| image.known_content() == Some(locked));
    if let (Some(docker), Some(image)) = (context.engine.as_docker(), there) {
        let archive = docker.save(&image.id);
        let packed = pack_saved(
            until_stopped(archive, context),
            locked.clone(),
            path.to_owned(),
        )
        .await;
        if let Some(packed) = packed.map_err(failed)? {
            return Ok(Some(packed));
        }
    }
    let made = with_root(context, debian, BTreeMap::new(), |archive, _| {
        let (name, path) = (name.to_owned(), path.to_owned());
        let archive = until_stopped(archive, context);
        blocking(move || pack_layer(&name, reader(archive), &path))
    });
    let packed = made.await?.map_err(failed)?;
    if [packed.unpacked.to_string()] == *locked.layers {
        return Ok(Some(packed));
    }
    Err(moved(
        name.to_owned(),
        vec![packed.unpacked.to_string()],
        context,
    ))
}

/// The only layer of an image in an archive that an engine wrote. `None` if the archive does not have it.
async fn pack_saved(
    archive: ByteStream,
    locked: ImageContent,
    path: PathBuf,
) -> Result<Option<PackedLayer>, BundleError> {
    blocking(move || {
        let failed = |source| BundleError::Pack {
            what: "the image that the engine gave".to_owned(),
            source,
        };
        let mut archive = tar::Archive::new(reader(archive));
        for entry in archive.entries().map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let is_layer = entry.header().entry_type().is_file()
                && entry.size() > LARGEST_CONFIGURATION
                && entry
                    .path()
                    .is_ok_and(|path| path.extension().is_none_or(|end| end == "tar"));
            if !is_layer {
                continue;
            }
            let packed = pack_layer("a layer", entry, &path)?;
            if [packed.unpacked.to_string()] == *locked.layers {
                return Ok(Some(packed));
            }
            std::fs::remove_file(&path).map_err(|source| BundleError::Unwritable {
                path: path.clone(),
                source,
            })?;
        }
        Ok(None)
    })
    .await
}

/// Ends when the user stops the run: whoever reads it does not learn of that otherwise, and whoever writes it goes on.
fn until_stopped(archive: ByteStream, context: &Context<'_>) -> ByteStream {
    let stopped = context.cancel.clone().cancelled_owned();
    archive.take_until(stopped).boxed()
}

fn reader(archive: ByteStream) -> impl Read + Send {
    SyncIoBridge::new(StreamReader::new(archive))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BundleError> + Send + 'static,
) -> Result<T, BundleError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

/// Provides a bootstrapped image out of the bundle. It has its name only when it is the locked one to the byte.
pub(super) async fn debian_image(
    bundle: &Bundles,
    name: &str,
    debian: &PlannedDebian,
    labels: BTreeMap<String, String>,
    context: &Context<'_>,
) -> Result<Image, ExecuteError> {
    let (bundled, locked) = find(bundle, name, context)?;
    let ([layer], [digest]) = (&bundled.layers[..], &locked.layers[..]) else {
        return Err(refused(name, "a bootstrapped image has one layer"));
    };
    let blob = bundle.blob(&layer.content).map_err(of(name))?;
    let source = ImageSource::RootFs {
        archive: checked(blob, digest.clone()),
        environment: debian.environment.clone(),
        labels,
    };
    let engine = context.engine;
    let provided = engine.provide(name, source, context.sink, context.cancel);
    let image = provided.await.map_err(engine_failed)?;
    let image = image.ok_or(ExecuteError::Interrupted)?;
    if context.is_locked(name, &image) {
        return Ok(image);
    }
    Err(moved(name.to_owned(), image.content.layers, context))
}

/// Provides an image of a registry out of the bundle.
pub(super) async fn registry_image(
    bundle: &Bundles,
    name: &str,
    context: &Context<'_>,
) -> Result<Image, ExecuteError> {
    let (bundled, locked) = find(bundle, name, context)?;
    let text = bundle.bytes(&bundled.configuration, LARGEST_CONFIGURATION);
    let text = text.map_err(of(name))?;
    let found = content_of(&text);
    let found = found.map_err(|error| refused(name, &format!("its configuration: {error}")))?;
    if found != *locked {
        return Err(moved(name.to_owned(), found.layers, context));
    }
    let id = bundled.configuration.digest.to_string();
    if present(&id, context).await?.is_none() {
        load(bundle, bundled, text, context).await?;
    }
    let engine = context.engine;
    engine.name(&id, name).await.map_err(engine_failed)?;
    match present(name, context).await? {
        Some(image) if context.is_locked(name, &image) => Ok(image),
        Some(image) => Err(moved(name.to_owned(), image.content.layers, context)),
        None => {
            let image = name.to_owned();
            Err(engine_failed(EngineError::NoImage { image }))
        }
    }
}

/// What the bundle and the lock file have of an image.
fn find<'a>(
    bundle: &'a Bundles,
    name: &str,
    context: &Context<'a>,
) -> Result<(&'a BundledImage, &'a ImageContent), ExecuteError> {
    let locked = context.locked_images.get(name);
    let locked = locked.ok_or_else(|| refused(name, "the lock file does not have it"))?;
    let bundled = bundle.image(name).map_err(of(name))?;
    if bundled.layers.len() == locked.layers.len() {
        return Ok((bundled, locked));
    }
    Err(refused(
        name,
        "it has another number of layers than the locked one",
    ))
}

fn of(name: &str) -> impl Fn(BundleError) -> ExecuteError + '_ {
    |source| ExecuteError::Bundle {
        image: name.to_owned(),
        source,
    }
}

fn refused(name: &str, reason: &str) -> ExecuteError {
    ExecuteError::BundledImage {
        image: name.to_owned(),
        reason: reason.to_owned(),
    }
}

/// The archive in a layer. It ends with an error unless it has that digest, so that nothing else becomes an image.
fn checked(layer: impl Read + Send + 'static, digest: String) -> ByteStream {
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::task::spawn_blocking(move || {
        let work = || -> io::Result<()> {
            let (mut layer, mut sum) = (unpacked(layer)?, Sha256::new());
            let mut held = None;
            loop {
                let mut piece = vec![0; CHUNK];
                let read = layer.read(&mut piece)?;
                if read == 0 {
                    break;
                }
                piece.truncate(read);
                sum.update(&piece);
                // The last piece waits for the verdict on all of them.
                if let Some(piece) = held.replace(bytes::Bytes::from(piece))
                    && sender.blocking_send(Ok(piece)).is_err()
                {
                    return Ok(());
                }
            }
            let found = format!("sha256:{}", hex(&sum.finalize()));
            if found != digest {
                let problem = format!("the layer is {found}, not {digest}");
                return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
            }
            if let Some(piece) = held {
                // Without a reader nobody needs it.
                let _ = sender.blocking_send(Ok(piece));
            }
            Ok(())
        };
        if let Err(error) = work() {
            let _ = sender.blocking_send(Err(error));
        }
    });
    stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|piece| (piece, receiver))
    })
    .boxed()
}

/// The part of a configuration that a lock file has.
#[derive(Deserialize)]
struct Configuration {
    architecture: String,
    #[serde(default)]
    config: Settings,
    rootfs: Layers,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Settings {
    #[serde(default)]
    env: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Layers {
    #[serde(default)]
    diff_ids: Option<Vec<String>>,
}

/// What the image of a configuration contributes to a build.
///
/// # Errors
/// That it is no configuration.
pub fn content_of(configuration: &[u8]) -> Result<ImageContent, serde_json::Error> {
    let found: Configuration = serde_json::from_slice(configuration)?;
    Ok(ImageContent {
        layers: found.rootfs.diff_ids.unwrap_or_default(),
        environment: found.config.env.unwrap_or_default(),
        architecture: found.architecture,
    })
}

/// The list of an archive of images.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    layers: Vec<String>,
}

/// Gives the engine the image as an archive, which is a file without a name: nothing is left of it after a killed run.
async fn load(
    bundle: &Bundles,
    bundled: &BundledImage,
    configuration: Vec<u8>,
    context: &Context<'_>,
) -> Result<(), ExecuteError> {
    let name = &bundled.name;
    let mut layers = Vec::new();
    for layer in &bundled.layers {
        let blob = bundle.blob(&layer.content).map_err(of(name))?;
        layers.push((layer.content.size, blob));
    }
    let id = bundled.configuration.digest.clone();
    let (directory, digest) = (context.locks.to_owned(), id.clone());
    let written = blocking(move || {
        let unwritable = |source| BundleError::Unwritable {
            path: directory.clone(),
            source,
        };
        let file = tempfile::tempfile_in(&directory).map_err(unwritable)?;
        write_archive(&file, &digest, &configuration, layers).map_err(unwritable)?;
        Ok(file)
    });
    let file = written.await.map_err(of(name))?;
    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    let locked = context.locked_images.get(name);
    let source = ImageSource::Archive {
        file: path,
        layers: locked.map(|locked| locked.layers.clone()),
    };
    let (engine, id) = (context.engine, id.to_string());
    let provided = engine.provide(&id, source, context.sink, context.cancel);
    let image = provided.await.map_err(engine_failed)?;
    image.map(drop).ok_or(ExecuteError::Interrupted)
}

fn write_archive(
    file: &File,
    id: &Digest,
    configuration: &[u8],
    layers: Vec<(u64, impl Read)>,
) -> io::Result<()> {
    let mut archive = tar::Builder::new(io::BufWriter::with_capacity(CHUNK, file));
    let entry = |size: u64| {
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o644);
        header.set_size(size);
        header
    };
    let config = format!("{}.json", id.hex());
    let mut header = entry(configuration.len() as u64);
    archive.append_data(&mut header, &config, configuration)?;
    let mut names = Vec::new();
    for (number, (size, mut layer)) in layers.into_iter().enumerate() {
        let name = format!("{number}/layer.tar");
        archive.append_data(&mut entry(size), &name, layer.by_ref().take(size))?;
        // At its end it is checked.
        io::copy(&mut layer, &mut io::sink())?;
        names.push(name);
    }
    let saved = [Saved {
        config,
        layers: names,
    }];
    let text = serde_json::to_vec(&saved)?;
    let mut header = entry(text.len() as u64);
    archive.append_data(&mut header, "manifest.json", &text[..])?;
    archive
        .into_inner()?
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?;
    Ok(())
}
