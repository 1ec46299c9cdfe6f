//! The index of a version over its architectures. Each architecture may be pushed by another run, so what is there stays.

use super::artifact::{RECIPE, VERSION};
use super::error::DistributionError;
use super::pushed::Count;
use crate::harmless::harmless;
use crate::transport::{
    ArtifactName, Content, Descriptor, Document, Index, Platform, Repository, TransportError,
};

/// Type of the index with the images of a version.
pub(super) const NODE_IMAGE: &str = "application/vnd.kmembuild.node-image.v1";
/// How often an entry is added anew because somebody else moved the tag meanwhile.
const ATTEMPTS: u32 = 8;

/// What an entry of such an index says of a result.
pub(super) fn entry(
    result: &Descriptor,
    recipe: &str,
    version: &str,
    platform: &str,
) -> Descriptor {
    let (os, architecture) = platform.split_once('-').unwrap_or(("linux", platform));
    let mut entry = result
        .clone()
        .annotated(RECIPE, recipe)
        .annotated(VERSION, version);
    entry.platform = Some(Platform {
        os: os.to_owned(),
        architecture: architecture.to_owned(),
        variant: None,
    });
    entry
}

/// An index with these entries: the same entries make the same index, in whatever order they come.
pub(super) fn index_of(kind: &str, mut entries: Vec<Descriptor>) -> Document {
    entries.sort_by(|one, other| {
        let key = |entry: &Descriptor| (entry.platform.clone(), entry.digest.clone());
        key(one).cmp(&key(other))
    });
    Index::new(Some(kind), entries).into()
}

/// Adds an entry to the index with that tag, in the place of an earlier one for the same platform.
///
/// Registries set a tag whatever it was before, so that of two runs at the same time one may lose its entry: each looks again
/// after it has written, and adds what is missing.
pub(super) async fn add(
    entry: &Descriptor,
    tag: &str,
    kind: &str,
    at: &Repository<'_>,
    count: &Count,
) -> Result<Descriptor, DistributionError> {
    let name = ArtifactName::tag(tag).map_err(TransportError::from)?;
    for _ in 0..ATTEMPTS {
        let before = known(&name, kind, at).await?;
        if let Some((descriptor, entries)) = &before
            && entries.contains(entry)
        {
            return Ok(descriptor.clone());
        }
        let mut entries = before.map_or_else(Vec::new, |(_, entries)| entries);
        entries.retain(|other| other.platform != entry.platform);
        entries.push(entry.clone());
        let index = index_of(kind, entries);
        count.document(at.put_document(&index, Some(tag)).await?);
    }
    Err(TransportError::Contended {
        what: tag.to_owned(),
        place: at.place().to_string(),
    }
    .into())
}

/// The index that has the tag, if anything has it; nothing else is replaced.
async fn known(
    name: &ArtifactName,
    wanted: &str,
    at: &Repository<'_>,
) -> Result<Option<(Descriptor, Vec<Descriptor>)>, DistributionError> {
    let document = match at.document(name).await {
        Err(error) if error.is_not_found() => return Ok(None),
        document => document?,
    };
    let kind = document.descriptor.artifact_type.as_deref();
    match document.content {
        Content::Index(index) if kind == Some(wanted) => {
            Ok(Some((document.descriptor, index.manifests)))
        }
        _ => {
            let found = kind.unwrap_or(&document.descriptor.media_type);
            Err(DistributionError::OtherArtifact {
                reference: at.named(name),
                found: harmless(found).into_owned(),
            })
        }
    }
}
