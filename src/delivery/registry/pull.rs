//! Pulls a result, or a whole release, and proves it before it is where it was wanted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::Serialize;

use super::artifact::{FOLDER, RELEASE_TYPE, RESULT_TYPE};
use super::error::DistributionError;
use super::pull_into::{Depth, Staging, fetch_files};
use crate::attestation::{Audit, VerifyingKey};
use crate::events::Sink;
use crate::harmless::harmless;
use crate::transport::{
    Access, ArtifactName, Content, Descriptor, Document, Index, Manifest, Platform, Reference,
    Repository, Transport, TransportError,
};

/// What to pull, and where to.
#[derive(Debug, Clone)]
pub struct PullOrder {
    /// The artifact.
    pub reference: Reference,
    /// The directory. An earlier result or release in it is replaced.
    pub directory: PathBuf,
    /// The platform, where there are several.
    pub platform: Platform,
    /// Keys one of which must have signed it; none if it need not be signed.
    pub keys: Vec<VerifyingKey>,
}

/// What was pulled.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Pulled {
    /// The artifact, by its digest.
    pub reference: String,
    /// What was found when it was compared with everything that was recorded about it.
    pub audit: Audit,
}

/// Pulls an artifact. It is written beside the directory, checked by its digests, compared with everything that was recorded
/// about it, and only then in its place, in one step.
///
/// # Errors
/// [`DistributionError`]; what was in the directory before is then unchanged.
pub async fn pull(
    order: &PullOrder,
    transport: &Transport,
    is_stopped: &dyn Fn() -> bool,
    sink: &dyn Sink,
) -> Result<Pulled, DistributionError> {
    let reference = &order.reference;
    let Some(name) = &reference.name else {
        let reference = reference.to_string();
        return Err(DistributionError::NoName { reference });
    };
    let at = transport.open(&reference.place, Access::Read, sink).await?;
    let document = at.document(name).await?;
    // From here on everything is by digest: a tag may be moved meanwhile.
    let digest = document.descriptor.digest.clone();
    let staging = Staging::beside(&order.directory)?;
    let from = Source {
        at: &at,
        name: reference.to_string(),
        fetched: Mutex::default(),
    };
    from.fetch(document, &order.platform, staging.folder())
        .await?;
    let fetched = from.fetched.into_inner().unwrap_or_default();
    let mut audit = Audit::of_fetched(staging.folder(), &order.keys, &fetched, is_stopped)?;
    if is_stopped() {
        return Err(DistributionError::Interrupted);
    }
    audit.folder = order.directory.display().to_string();
    if !audit.problems.is_empty() {
        return Err(DistributionError::Unproven {
            what: reference.to_string(),
            verb: "pulled",
            audit: Box::new(audit),
        });
    }
    staging.publish()?;
    Ok(Pulled {
        reference: at.named(&ArtifactName::Digest(digest)),
        audit,
    })
}

/// Where something is pulled from.
struct Source<'a, 'b> {
    at: &'a Repository<'b>,
    /// As the user named it.
    name: String,
    /// What was fetched, by its path, with its digest.
    fetched: Mutex<BTreeMap<PathBuf, String>>,
}

impl Source<'_, '_> {
    async fn fetch(
        &self,
        document: Document,
        platform: &Platform,
        into: &Path,
    ) -> Result<(), DistributionError> {
        let kind = document
            .descriptor
            .artifact_type
            .clone()
            .unwrap_or_default();
        match document.content {
            Content::Manifest(manifest) if kind == RESULT_TYPE => {
                self.result(&manifest, into).await
            }
            Content::Index(index) if kind == RESULT_TYPE => {
                let entry = self.choose(&index, platform)?;
                self.entry(entry, into).await
            }
            Content::Index(index) if kind == RELEASE_TYPE => self.release(&index, into).await,
            _ => Err(self.other(&document.descriptor)),
        }
    }

    /// The entry of an index for a platform.
    fn choose<'i>(
        &self,
        index: &'i Index,
        platform: &Platform,
    ) -> Result<&'i Descriptor, DistributionError> {
        let mut entries = index.manifests.iter();
        let found = entries.find(|entry| entry.platform.as_ref() == Some(platform));
        found.ok_or_else(|| {
            let offered = index.manifests.iter();
            let offered = offered.filter_map(|entry| entry.platform.as_ref());
            let offered = offered.map(|platform| harmless(&platform.to_string()).into_owned());
            TransportError::NoPlatform {
                reference: self.name.clone(),
                wanted: platform.to_string(),
                offered: offered.collect(),
            }
            .into()
        })
    }

    /// The result that an entry of an index is.
    async fn entry(&self, entry: &Descriptor, into: &Path) -> Result<(), DistributionError> {
        let document = self.at.entry(entry).await?;
        match document.content {
            Content::Manifest(manifest)
                if manifest.artifact_type.as_deref() == Some(RESULT_TYPE) =>
            {
                self.result(&manifest, into).await
            }
            _ => Err(self.other(&document.descriptor)),
        }
    }

    async fn result(&self, manifest: &Manifest, into: &Path) -> Result<(), DistributionError> {
        self.files(&manifest.layers, into, Depth::Flat).await
    }

    async fn files(
        &self,
        layers: &[Descriptor],
        into: &Path,
        depth: Depth,
    ) -> Result<(), DistributionError> {
        let files = fetch_files(self.at, &self.name, layers, into, depth).await?;
        if let Ok(mut fetched) = self.fetched.lock() {
            fetched.extend(files);
        }
        Ok(())
    }

    /// All results of a release, each in its directory, and what the release has beside them.
    async fn release(&self, index: &Index, into: &Path) -> Result<(), DistributionError> {
        for entry in &index.manifests {
            let document = self.at.entry(entry).await?;
            match (
                document.content,
                document.descriptor.artifact_type.as_deref(),
            ) {
                (Content::Manifest(manifest), Some(RELEASE_TYPE)) => {
                    let layers = &manifest.layers;
                    self.files(layers, into, Depth::Below).await?;
                }
                (Content::Index(version), Some(RESULT_TYPE)) => {
                    for entry in &version.manifests {
                        let folder = entry.annotations.get(FOLDER).map_or("", String::as_str);
                        let folder = Depth::Below.path(into, folder).map_err(|problem| {
                            DistributionError::File {
                                reference: self.name.clone(),
                                problem,
                            }
                        })?;
                        std::fs::create_dir_all(&folder).map_err(|source| {
                            let path = folder.clone();
                            DistributionError::Unwritable { path, source }
                        })?;
                        self.entry(entry, &folder).await?;
                    }
                }
                _ => return Err(self.other(&document.descriptor)),
            }
        }
        Ok(())
    }

    fn other(&self, found: &Descriptor) -> DistributionError {
        let kind = found.artifact_type.as_ref().unwrap_or(&found.media_type);
        DistributionError::OtherArtifact {
            reference: self.name.clone(),
            found: harmless(kind).into_owned(),
        }
    }
}
