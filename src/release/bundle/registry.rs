//! Images of registries into a bundle, as the registry has them.

use std::path::Path;

use super::super::error::ReleaseError;
use crate::build::BuildError;
use crate::bundle::{BundleError, BundleWriter, BundledImage, BundledLayer, measure_layer};
use crate::engine::ImageContent;
use crate::events::{Event, Sink};
use crate::execute::{ExecuteError, FailedAttempt, content_of};
use crate::failure::with_causes;
use crate::plan::BaseImage;
use crate::transport::{
    Access, ArtifactName, Descriptor, Digest, Document, Manifest, Platform, Reference, Repository,
    Transport, TransportError,
};

/// Largest configuration of an image in bytes.
const LARGEST_CONFIGURATION: u64 = 1 << 20;

/// What an image of a registry is needed for.
pub(super) struct Wanted<'a> {
    pub(super) base: &'a BaseImage,
    /// References by which registries had it when it was locked, by digest: a tag may have moved since.
    pub(super) manifests: &'a [String],
    pub(super) locked: &'a ImageContent,
    pub(super) transport: &'a Transport,
    pub(super) sink: &'a dyn Sink,
}

/// An image that a registry has.
struct Found<'a> {
    repository: Repository<'a>,
    document: Document,
    manifest: Manifest,
    configuration: Vec<u8>,
}

impl Wanted<'_> {
    /// Puts the image into the bundle, from the first place that has the locked one.
    pub(super) async fn put(
        &self,
        writer: &mut BundleWriter,
        spool: &Path,
    ) -> Result<BundledImage, ReleaseError> {
        let (mut failed, mut other) = (Vec::new(), None);
        for reference in self.manifests.iter().chain(&self.base.candidates) {
            let reason = match self.find(reference).await {
                Ok(found) => {
                    let content = content_of(&found.configuration);
                    match content {
                        Ok(content) if content == *self.locked => {
                            return self.put_found(found, writer, spool).await;
                        }
                        Ok(content) => {
                            other = Some(content.layers);
                            "its image does not match the lock file".to_owned()
                        }
                        Err(error) => format!("its configuration is malformed: {error}"),
                    }
                }
                Err(error) => with_causes(&error),
            };
            self.sink.event(&Event::MirrorFailed {
                wanted: self.base.name.clone(),
                mirror: reference.clone(),
                reason: reason.clone(),
            });
            let reference = reference.clone();
            failed.push(FailedAttempt { reference, reason });
        }
        let name = self.base.name.clone();
        Err(BuildError::from(match other {
            Some(found) => ExecuteError::ImageMoved {
                name,
                by: "the lock file",
                locked: self.locked.layers.clone(),
                found,
            },
            None => ExecuteError::ImageUnavailable { name, failed },
        })
        .into())
    }

    async fn find(&self, reference: &str) -> Result<Found<'_>, TransportError> {
        let reference = Reference::of_image(reference)?;
        let name = reference.name.ok_or_else(|| TransportError::NotFound {
            what: "an image without a tag".to_owned(),
            place: reference.place.to_string(),
        })?;
        let transport = self.transport;
        let repository = transport.open(&reference.place, Access::Read, self.sink);
        let repository = repository.await?;
        let platform = Platform::linux(&self.locked.architecture);
        let (descriptor, manifest) = repository.manifest_for(&name, &platform).await?;
        let digest = ArtifactName::Digest(descriptor.digest);
        let document = repository.document(&digest).await?;
        let limit = LARGEST_CONFIGURATION;
        let configuration = repository.fetch_bytes(&manifest.config, limit).await?;
        Ok(Found {
            repository,
            document,
            manifest,
            configuration,
        })
    }

    async fn put_found(
        &self,
        found: Found<'_>,
        writer: &mut BundleWriter,
        spool: &Path,
    ) -> Result<BundledImage, ReleaseError> {
        let failed = |error: TransportError| {
            let reference = found.repository.place().to_string();
            let reason = with_causes(&error);
            BuildError::from(ExecuteError::ImageUnavailable {
                name: self.base.name.clone(),
                failed: vec![FailedAttempt { reference, reason }],
            })
        };
        let mut layers: Vec<BundledLayer> = Vec::new();
        for (layer, expected) in found.manifest.layers.iter().zip(&self.locked.layers) {
            let known = known_layer(writer, layer);
            let known = known.or_else(|| {
                let mut before = layers.iter();
                before.find(|known| known.content == plain(layer)).cloned()
            });
            let bundled = if let Some(known) = known {
                writer.takes(&known.content);
                known
            } else {
                let path = spool.join("layer");
                match found.repository.fetch_file(layer, &path).await {
                    Err(TransportError::Unwritable { path, source }) => {
                        return Err(BundleError::Unwritable { path, source }.into());
                    }
                    done => done.map_err(failed)?,
                }
                let (what, from) = (self.base.name.clone(), path.clone());
                let measured = tokio::task::spawn_blocking(move || measure_layer(&what, &from));
                let measured = measured.await;
                let (unpacked, unpacked_size) = measured
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
                let content = plain(layer);
                writer.put_file(&content, &path)?;
                std::fs::remove_file(&path)
                    .map_err(|source| BundleError::Unwritable { path, source })?;
                BundledLayer {
                    content,
                    unpacked,
                    unpacked_size,
                }
            };
            if bundled.unpacked.to_string() != *expected {
                return Err(BuildError::from(ExecuteError::BundledImage {
                    image: self.base.name.clone(),
                    reason: format!("its layer {expected} is {}", bundled.unpacked),
                })
                .into());
            }
            layers.push(bundled);
        }
        let configuration = plain(&found.manifest.config);
        writer.put_bytes(&configuration, &found.configuration)?;
        let manifest = plain(&found.document.descriptor);
        writer.put_bytes(&manifest, &found.document.bytes)?;
        Ok(BundledImage {
            name: self.base.name.clone(),
            manifest,
            configuration,
            layers,
        })
    }
}

/// A layer that the earlier bundle has; what it is unpacked was measured then.
fn known_layer(writer: &BundleWriter, layer: &Descriptor) -> Option<BundledLayer> {
    let images = writer.since()?.document().images.iter();
    let mut layers = images.flat_map(|image| &image.layers);
    let digest: &Digest = &layer.digest;
    layers
        .find(|known| known.content.digest == *digest)
        .cloned()
}

/// Without what a registry says beside it.
fn plain(blob: &Descriptor) -> Descriptor {
    Descriptor::new(&blob.media_type, blob.digest.clone(), blob.size)
}
