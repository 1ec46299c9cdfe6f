//! A result on its way to a registry.

use std::collections::BTreeMap;
use std::path::Path;

use super::artifact::{RECIPE, RESULT_TYPE, REVISION, VERSION};
use super::attached::attach_statements;
use super::error::DistributionError;
use super::files::{LayerFile, put_files};
use super::pushed::Count;
use super::version_index::{add, entry};
use crate::artifacts::{
    Manifest as ResultManifest, ManifestSource, read_checksum_file, read_manifest,
};
use crate::recipe::SHA256SUMS;
use crate::regular_file;
use crate::transport::{ArtifactName, Descriptor, Document, Manifest, Place, Repository};

/// Largest list of checksums in bytes.
const LARGEST: u64 = 64 << 20;

/// A result, as it is pushed.
pub(super) struct ResultFiles {
    pub(super) manifest: ResultManifest,
    pub(super) files: Vec<LayerFile>,
}

impl ResultFiles {
    /// The files that the checksums of a result list, and the checksums, which were compared with the files just now.
    pub(super) fn read(directory: &Path) -> Result<Self, DistributionError> {
        let manifest = read_manifest(directory)?;
        let sums = sums(directory)?;
        let files = sums.iter();
        let files = files.map(|(name, sha256)| LayerFile::known(directory, name, sha256));
        let files = files.chain([LayerFile::read(directory, SHA256SUMS)]);
        let files = files.collect::<Result<_, _>>()?;
        Ok(Self { manifest, files })
    }

    /// Its manifest in a registry.
    fn document(&self) -> Document {
        let layers = self.files.iter().map(|file| file.layer.clone()).collect();
        let mut manifest = Manifest::of_artifact(RESULT_TYPE, layers);
        let mut annotate = |name: &str, value: &str| {
            manifest
                .annotations
                .insert(name.to_owned(), value.to_owned());
        };
        annotate(RECIPE, self.manifest.recipe.name.as_ref());
        annotate(VERSION, &self.manifest.version);
        if let ManifestSource::Git { commit, .. } = &self.manifest.source {
            annotate(REVISION, commit);
        }
        manifest.into()
    }
}

/// The files that the checksums in a directory list, and the checksums.
pub(super) fn listed(directory: &Path) -> Result<Vec<String>, DistributionError> {
    let names = sums(directory)?.into_keys();
    Ok(names.chain([SHA256SUMS.to_owned()]).collect())
}

/// The checksums in a directory, by file.
fn sums(directory: &Path) -> Result<BTreeMap<String, String>, DistributionError> {
    let path = directory.join(SHA256SUMS);
    let text = regular_file::read_text(&path, LARGEST);
    let text = text.map_err(|source| DistributionError::Unreadable {
        path: path.clone(),
        source,
    })?;
    read_checksum_file(&text).map_err(|(line, problem)| {
        let source = std::io::Error::other(format!("line {line}: {problem}"));
        DistributionError::Unreadable { path, source }
    })
}

/// Pushes a result without a tag, and returns how it is described.
pub(super) async fn push_result(
    result: &ResultFiles,
    at: &Repository<'_>,
    from: Option<&Place>,
    count: &Count,
) -> Result<Descriptor, DistributionError> {
    put_files(&result.files, at, from, count).await?;
    let document = result.document();
    count.document(at.put_document(&document, None).await?);
    attach_statements(&result.files, &document.descriptor, at, count).await?;
    Ok(document.descriptor)
}

/// Sets the tag of a result's architecture, and adds it to the index of its version.
pub(super) async fn set_tags(
    pushed: &Descriptor,
    manifest: &ResultManifest,
    tag: &str,
    at: &Repository<'_>,
    count: &Count,
) -> Result<(), DistributionError> {
    let platform = &manifest.platform;
    let architecture = platform
        .split_once('-')
        .map_or(platform.as_str(), |(_, arch)| arch);
    let own = checked_tag(&format!("{tag}-{architecture}"))?;
    let document = at
        .document(&ArtifactName::Digest(pushed.digest.clone()))
        .await?;
    count.document(at.put_document(&document, Some(&own)).await?);
    count.tag(named(at, &own), pushed.digest.to_string(), "result");
    let entry = entry(
        pushed,
        manifest.recipe.name.as_ref(),
        &manifest.version,
        platform,
    );
    let index = add(&entry, tag, RESULT_TYPE, at, count).await?;
    count.tag(named(at, tag), index.digest.to_string(), "version");
    Ok(())
}

/// A tag in its place.
pub(super) fn named(at: &Repository<'_>, tag: &str) -> String {
    at.named(&ArtifactName::Tag(tag.to_owned()))
}

/// The tag of a version: a tag has no `+`.
pub(super) fn tag_of(version: &str) -> Result<String, DistributionError> {
    checked_tag(&version.replace('+', "_"))
}

pub(super) fn checked_tag(text: &str) -> Result<String, DistributionError> {
    let checked = ArtifactName::tag(text);
    checked.map_err(|source| DistributionError::Name {
        name: text.to_owned(),
        source,
    })?;
    Ok(text.to_owned())
}
