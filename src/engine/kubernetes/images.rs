//! Images: those of registries as they are there, and those that the tool makes in a repository below the prefix. Nothing of them
//! is stored here; nodes pull them by their digests.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::StreamExt as _;
use serde::Deserialize;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use super::engine::{KubernetesEngine, below};
use crate::checksum::{sha256_hex, sha256_of};
use crate::engine::cluster::ClusterWork;
use crate::engine::cluster_error::ClusterError;
use crate::engine::error::EngineError;
use crate::engine::image::{Image, ImageContent, ImageSource};
use crate::engine::session::ByteStream;
use crate::events::{Silent, Sink};
use crate::regular_file;
use crate::transport::{
    Access, ArtifactName, BlobSource, CONFIG_TYPE, Content, Descriptor, Digest, Document, Manifest,
    Place, Platform, Reference, Repository, RepositoryName, TransportError,
};

/// Media type of layers that every engine can unpack.
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// Repository below the prefix for images that the tool makes.
const IMAGES: &str = "images";
/// Largest configuration of an image in bytes.
const LARGEST: u64 = 1 << 20;

/// What the images of a piece of work are called where its pod runs.
pub(super) struct WorkImages {
    pub(super) tool: String,
    pub(super) image: String,
    pub(super) input: String,
}

/// The configuration of an image, as far as it matters here.
#[derive(Deserialize)]
struct Configuration {
    architecture: String,
    #[serde(default)]
    config: Settings,
    rootfs: RootFs,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Settings {
    #[serde(default)]
    env: Option<Vec<String>>,
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct RootFs {
    #[serde(default)]
    diff_ids: Option<Vec<String>>,
}

impl KubernetesEngine {
    /// The image by that name or id: of this run, or one that this machine made and that is still in its repository.
    pub(super) async fn known_image(&self, name: &str) -> Result<Option<Image>, EngineError> {
        {
            let images = self.images.lock().unwrap_or_else(PoisonError::into_inner);
            let by_id = || images.values().find(|image| image.id == name);
            if let Some(image) = images.get(name).or_else(by_id) {
                return Ok(Some(image.clone()));
            }
        }
        let Some(digest) = self.note_of(name) else {
            return Ok(None);
        };
        let place = self.images_place();
        let reference = Reference {
            place: Place::Repository(place),
            name: Some(ArtifactName::Digest(digest)),
        };
        // Nobody is told of transfers that nobody waits for.
        match self.read_image(&reference, &Silent).await {
            Ok(image) => {
                self.know(name, &image);
                Ok(Some(image))
            }
            Err(error) if error.is_not_found() => Ok(None),
            Err(source) => Err(EngineError::Pull {
                reference: reference.to_string(),
                source: Box::new(source),
            }),
        }
    }

    /// Gets an image, and knows it by that name from then on.
    pub(super) async fn provide_image(
        &self,
        name: &str,
        source: ImageSource,
        sink: &dyn Sink,
    ) -> Result<Image, EngineError> {
        let image = match source {
            ImageSource::Registry {
                reference,
                expected,
                ..
            } => self.registry_image(&reference, expected, sink).await?,
            ImageSource::RootFs {
                archive,
                environment,
                labels,
            } => {
                let environment = environment.iter();
                let environment = environment.map(|(name, value)| format!("{name}={value}"));
                let config = json!({"Env": environment.collect::<Vec<_>>(), "Labels": labels});
                let spool = self.spool()?;
                let layer = spool.path().join("layer");
                write_layer(archive, &layer).await?;
                let digest = self.push_image(name, config, &layer, sink).await?;
                let reference = Reference {
                    place: Place::Repository(self.images_place()),
                    name: Some(ArtifactName::Digest(digest.clone())),
                };
                let read = self.read_image(&reference, sink).await;
                let read = read.map_err(|source| EngineError::Pull {
                    reference: reference.to_string(),
                    source: Box::new(source),
                })?;
                self.note(name, &digest)?;
                read
            }
            ImageSource::Dockerfile(_) => {
                let what = "build an image by a Dockerfile";
                return Err(ClusterError::NoSessions { what }.into());
            }
            ImageSource::Archive { .. } => {
                let what = "take an image out of an archive";
                return Err(ClusterError::NoSessions { what }.into());
            }
        };
        self.know(name, &image);
        Ok(image)
    }

    async fn registry_image(
        &self,
        reference: &str,
        expected: Option<ImageContent>,
        sink: &dyn Sink,
    ) -> Result<Image, EngineError> {
        let failed = |source: TransportError| EngineError::Pull {
            reference: reference.to_owned(),
            source: Box::new(source),
        };
        let mut parsed = Reference::of_image(reference).map_err(|error| failed(error.into()))?;
        if let Place::Repository(place) = &mut parsed.place
            && place.registry == self.prefix.registry
        {
            // How that one is spoken to, the user has said.
            place.scheme = self.prefix.scheme;
        }
        if parsed.name.is_none() {
            let image = reference.to_owned();
            return Err(EngineError::NoImage { image });
        }
        let image = self.read_image(&parsed, sink).await.map_err(failed)?;
        match expected {
            Some(expected) if expected != image.content => Err(EngineError::OtherContent {
                reference: reference.to_owned(),
                found: image.content,
            }),
            _ => Ok(image),
        }
    }

    /// What a registry says of an image. Its layers stay there.
    async fn read_image(
        &self,
        reference: &Reference,
        sink: &dyn Sink,
    ) -> Result<Image, TransportError> {
        let opening = self.transport.open(&reference.place, Access::Read, sink);
        let repository = opening.await?;
        let latest = ArtifactName::Tag("latest".to_owned());
        let name = reference.name.as_ref().unwrap_or(&latest);
        let platform = Platform::linux(&self.info.architecture);
        let (descriptor, manifest) = repository.manifest_for(name, &platform).await?;
        let text = repository.fetch_bytes(&manifest.config, LARGEST).await?;
        let read: Configuration =
            serde_json::from_slice(&text).map_err(|source| TransportError::Malformed {
                what: "configuration".to_owned(),
                place: reference.place.to_string(),
                source,
            })?;
        let digest = ArtifactName::Digest(descriptor.digest);
        Ok(Image {
            id: manifest.config.digest.to_string(),
            content: ImageContent {
                layers: read.rootfs.diff_ids.unwrap_or_default(),
                environment: read.config.env.unwrap_or_default(),
                architecture: read.architecture,
            },
            repo_digests: vec![repository.named(&digest)],
            labels: read.config.labels.unwrap_or_default(),
        })
    }

    /// Pushes an image of one layer, an archive, under a tag of its name. The same content is the same image.
    pub(super) async fn push_image(
        &self,
        name: &str,
        config: serde_json::Value,
        layer: &Path,
        sink: &dyn Sink,
    ) -> Result<Digest, EngineError> {
        let place = Place::Repository(self.images_place());
        let (what, at) = (name.to_owned(), place.to_string());
        let not_pushed = |source| ClusterError::Push {
            what: what.clone(),
            place: at.clone(),
            source: Box::new(source),
        };
        let packed = layer.with_extension("gz");
        let (from, to) = (layer.to_owned(), packed.clone());
        let (unpacked, layer) = blocking(move || pack(&from, &to))
            .await
            .map_err(unwritable(&packed))?;
        let text = json!({
            "architecture": self.info.architecture,
            "os": "linux",
            "config": config,
            "rootfs": {"type": "layers", "diff_ids": [unpacked]},
        });
        let text = text.to_string().into_bytes();
        let configuration = Descriptor::of(CONFIG_TYPE, &text);
        let opening = self.transport.open(&place, Access::Write, sink);
        let repository: Repository<'_> = opening.await.map_err(not_pushed)?;
        for (blob, source) in [
            (&layer, BlobSource::File(packed)),
            (&configuration, BlobSource::Bytes(text.into())),
        ] {
            let putting = repository.put(blob, &source, None).await;
            putting.map_err(not_pushed)?;
        }
        let mut manifest = Manifest::of_artifact(LAYER, vec![layer]);
        (manifest.artifact_type, manifest.config) = (None, configuration);
        let document = Document::from(manifest);
        let tag = tag_of(name);
        let putting = repository.put_document(&document, Some(&tag)).await;
        putting.map_err(not_pushed)?;
        debug_assert!(matches!(document.content, Content::Manifest(_)));
        Ok(document.descriptor.digest)
    }

    fn images_place(&self) -> RepositoryName {
        below(&self.prefix, IMAGES)
    }

    fn know(&self, name: &str, image: &Image) {
        let mut images = self.images.lock().unwrap_or_else(PoisonError::into_inner);
        images.insert(name.to_owned(), image.clone());
    }

    /// The images and the input of work, as nodes and pods name them.
    pub(super) async fn images_of_work(
        &self,
        work: &ClusterWork,
        sink: &dyn Sink,
    ) -> Result<WorkImages, EngineError> {
        let tool = self.tool.get_or_try_init(|| self.push_tool(sink)).await?;
        Ok(WorkImages {
            tool: self.of_nodes(tool),
            image: self.of_nodes(&work.image),
            input: self.input_of_pods(work),
        })
    }

    /// A reference of an image as nodes name it: without a scheme, and in the registry as they reach it.
    fn of_nodes(&self, reference: &str) -> String {
        let plain = |text: &str| {
            let text = text.strip_prefix("https://").unwrap_or(text);
            text.strip_prefix("http://").unwrap_or(text).to_owned()
        };
        let reference = plain(reference);
        let own = plain(&self.prefix.to_string()) + "/";
        if let Some(rest) = reference.strip_prefix(&own) {
            return format!("{}/{rest}", plain(&self.prefix_of_pods.to_string()));
        }
        let registry = format!("{}/", self.prefix.registry);
        match reference.strip_prefix(&registry) {
            Some(rest) => format!("{}/{rest}", self.prefix_of_pods.registry),
            None => reference,
        }
    }

    /// A directory for what is on its way to the registry; gone when it is dropped.
    pub(super) fn spool(&self) -> Result<tempfile::TempDir, EngineError> {
        let directory = &self.settings.directory;
        let made = fs::create_dir_all(directory).and_then(|()| {
            tempfile::Builder::new()
                .prefix(".partial-")
                .tempdir_in(directory)
        });
        Ok(made.map_err(unwritable(directory))?)
    }

    /// Where it is noted which image of that name this machine has made, for this registry.
    fn note_path(&self, name: &str) -> PathBuf {
        let place = self.images_place();
        let key = sha256_hex(format!("{place} {name}").as_bytes());
        self.settings.directory.join("images").join(key)
    }

    /// The image of that name that this machine has made, if it is still in its repository.
    pub(super) async fn kept(&self, name: &str, sink: &dyn Sink) -> Option<Digest> {
        let digest = self.note_of(name)?;
        let place = Place::Repository(self.images_place());
        let opened = self.transport.open(&place, Access::Read, sink).await.ok()?;
        let known = opened.digest_of(&ArtifactName::Digest(digest)).await;
        known.ok()?
    }

    fn note_of(&self, name: &str) -> Option<Digest> {
        let text = regular_file::read_text(&self.note_path(name), 1024).ok()?;
        text.trim().parse().ok()
    }

    /// Notes which image this machine has made by that name.
    pub(super) fn note(&self, name: &str, digest: &Digest) -> Result<(), EngineError> {
        let path = self.note_path(name);
        let directory = path.parent().unwrap_or(&path);
        let written = fs::create_dir_all(directory)
            .and_then(|()| tempfile::NamedTempFile::new_in(directory))
            .and_then(|mut file| {
                io::Write::write_all(&mut file, digest.to_string().as_bytes())?;
                file.persist(&path).map_err(|error| error.error)
            });
        written.map_err(unwritable(&path))?;
        Ok(())
    }
}

/// The tag of an image: what its name says after the last slash, as far as a tag can say it.
fn tag_of(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or(name);
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let tag: String = last
        .chars()
        .map(|c| if allowed(c) { c } else { '-' })
        .take(120)
        .collect();
    let tag = tag.trim_start_matches(['-', '.']);
    if tag.is_empty() {
        "image".to_owned()
    } else {
        tag.to_owned()
    }
}

async fn write_layer(mut archive: ByteStream, path: &Path) -> Result<(), EngineError> {
    let file = tokio::fs::File::create_new(path).await;
    let mut file = file.map_err(unwritable(path))?;
    while let Some(chunk) = archive.next().await {
        let chunk = chunk.map_err(|source| EngineError::Unreadable {
            operation: "push an image".to_owned(),
            source,
        })?;
        file.write_all(&chunk).await.map_err(unwritable(path))?;
    }
    file.flush().await.map_err(unwritable(path))?;
    Ok(())
}

/// Compresses a layer: the digest of the archive, and what it is compressed.
fn pack(from: &Path, to: &Path) -> io::Result<(String, Descriptor)> {
    let (_, unpacked) = sha256_of(regular_file::open(from)?)?;
    let mut encoder = GzEncoder::new(File::create_new(to)?, Compression::fast());
    io::copy(&mut regular_file::open(from)?, &mut encoder)?;
    encoder.finish()?.sync_all()?;
    let (size, packed) = sha256_of(regular_file::open(to)?)?;
    // What `sha256_of` wrote is a digest.
    let digest = Digest::from_hex(&packed).unwrap_or_else(|| Digest::of(&[]));
    Ok((
        format!("sha256:{unpacked}"),
        Descriptor::new(LAYER, digest, size),
    ))
}

pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

pub(super) fn unwritable(path: &Path) -> impl Fn(io::Error) -> ClusterError {
    let path = path.to_owned();
    move |source| ClusterError::Unwritable {
        path: path.clone(),
        source,
    }
}
