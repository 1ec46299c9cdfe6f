//! Pulls a result, or a whole release, and proves it before it is where it was wanted.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::artifact::{FOLDER, RELEASE_TYPE, RESULT_TYPE};
use super::error::DistributionError;
use super::pull_into::{
    ArtifactFile, Depth, Staging, fetch_files, files_of, require_different, require_replaceable,
};
use crate::attestation::{Audit, VerifyingKey};
use crate::events::Sink;
use crate::harmless::harmless;
use crate::transport::{
    Access, ArtifactName, Content, Descriptor, Digest, Document, Index, Manifest, Platform,
    Reference, Repository, Transport, TransportError,
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

/// What a pull would fetch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ToPull {
    /// The artifact, by its digest.
    pub reference: String,
    /// The number of its files.
    pub files: usize,
    /// Bytes of all of them, as they were announced.
    pub size: u64,
}

/// Looks at what [`pull`] would fetch, by the documents that describe it. No file is fetched, so that nothing is proven of it,
/// and nothing is written.
///
/// # Errors
/// [`DistributionError`].
pub async fn look_at(
    order: &PullOrder,
    transport: &Transport,
    sink: &dyn Sink,
) -> Result<ToPull, DistributionError> {
    require_replaceable(&order.directory)?;
    let found = Found::find(order, &order.directory, transport, sink).await?;
    Ok(ToPull {
        reference: found.named(),
        files: found.files.len(),
        size: found.files.iter().map(ArtifactFile::size).sum(),
    })
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
    let staging = Staging::beside(&order.directory)?;
    let found = Found::find(order, staging.folder(), transport, sink).await?;
    let fetched = fetch_files(&found.at, &found.files).await?;
    let mut audit = Audit::of_fetched(staging.folder(), &order.keys, &fetched, is_stopped)?;
    if is_stopped() {
        return Err(DistributionError::Interrupted);
    }
    audit.folder = order.directory.display().to_string();
    if !audit.problems.is_empty() {
        return Err(DistributionError::Unproven {
            what: order.reference.to_string(),
            verb: "pulled",
            audit: Box::new(audit),
        });
    }
    staging.publish()?;
    let reference = found.named();
    Ok(Pulled { reference, audit })
}

/// An artifact that is there, with all its files.
struct Found<'a> {
    at: Repository<'a>,
    digest: Digest,
    files: Vec<ArtifactFile>,
}

impl<'a> Found<'a> {
    async fn find(
        order: &PullOrder,
        into: &Path,
        transport: &Transport,
        sink: &'a dyn Sink,
    ) -> Result<Self, DistributionError> {
        let reference = &order.reference;
        let Some(name) = &reference.name else {
            let reference = reference.to_string();
            return Err(DistributionError::NoName { reference });
        };
        let at = transport.open(&reference.place, Access::Read, sink).await?;
        let document = at.document(name).await?;
        // From here on everything is by digest: a tag may be moved meanwhile.
        let digest = document.descriptor.digest.clone();
        let source = Source {
            at: &at,
            name: reference.to_string(),
        };
        let files = source.files(document, &order.platform, into).await?;
        require_different(&files, into, &source.name)?;
        Ok(Self { at, digest, files })
    }

    fn named(&self) -> String {
        self.at.named(&ArtifactName::Digest(self.digest.clone()))
    }
}

/// Where something is pulled from.
struct Source<'a, 'b> {
    at: &'a Repository<'b>,
    /// As the user named it.
    name: String,
}

impl Source<'_, '_> {
    /// All files of a document.
    async fn files(
        &self,
        document: Document,
        platform: &Platform,
        into: &Path,
    ) -> Result<Vec<ArtifactFile>, DistributionError> {
        let kind = document
            .descriptor
            .artifact_type
            .clone()
            .unwrap_or_default();
        match document.content {
            Content::Manifest(manifest) if kind == RESULT_TYPE => self.result(&manifest, into),
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

    /// The files of the result that an entry of an index is.
    async fn entry(
        &self,
        entry: &Descriptor,
        into: &Path,
    ) -> Result<Vec<ArtifactFile>, DistributionError> {
        let document = self.at.entry(entry).await?;
        match document.content {
            Content::Manifest(manifest)
                if manifest.artifact_type.as_deref() == Some(RESULT_TYPE) =>
            {
                self.result(&manifest, into)
            }
            _ => Err(self.other(&document.descriptor)),
        }
    }

    fn result(
        &self,
        manifest: &Manifest,
        into: &Path,
    ) -> Result<Vec<ArtifactFile>, DistributionError> {
        files_of(&self.name, &manifest.layers, into, Depth::Flat)
    }

    /// The files of all results of a release, each in its directory, and what the release has beside them.
    async fn release(
        &self,
        index: &Index,
        into: &Path,
    ) -> Result<Vec<ArtifactFile>, DistributionError> {
        let mut files = Vec::new();
        for entry in &index.manifests {
            let document = self.at.entry(entry).await?;
            match (
                document.content,
                document.descriptor.artifact_type.as_deref(),
            ) {
                (Content::Manifest(manifest), Some(RELEASE_TYPE)) => {
                    let layers = &manifest.layers;
                    files.extend(files_of(&self.name, layers, into, Depth::Below)?);
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
                        files.extend(self.entry(entry, &folder).await?);
                    }
                }
                _ => return Err(self.other(&document.descriptor)),
            }
        }
        Ok(files)
    }

    fn other(&self, found: &Descriptor) -> DistributionError {
        let kind = found.artifact_type.as_ref().unwrap_or(&found.media_type);
        DistributionError::OtherArtifact {
            reference: self.name.clone(),
            found: harmless(kind).into_owned(),
        }
    }
}
