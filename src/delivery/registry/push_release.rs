//! Pushes a whole release: its results with their versions, and an index of them all.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;

use super::artifact::{FOLDER, RELEASE_TYPE, RESULT_TYPE, SIGNATURE_TYPE};
use super::attached::attach;
use super::error::DistributionError;
use super::files::{LayerFile, put_files};
use super::pushed::{Count, Destination};
use super::result::{ResultFiles, checked_tag, listed, named, push_result, set_tags, tag_of};
use super::version_index::{entry, index_of};
use crate::artifacts::{CHECKSUMS_MINISIG, CHECKSUMS_SIG, IndexResult, IndexTarget, read_index};
use crate::attestation::AuditError;
use crate::events::Sink;
use crate::recipe::SHA256SUMS;
use crate::transport::{
    Descriptor, Document, Index, Manifest, Place, Reference, Repository, Transport,
};

/// The tag of a release to which none is given.
const LATEST: &str = "latest";

/// Pushes the release in `directory`. In a registry each recipe has a repository below the place, and the release itself is in
/// it; a layout has everything in one place, with the recipe in front of the version.
pub(super) async fn push_release(
    directory: &Path,
    to: &Destination<'_>,
    transport: &Transport,
    sink: &dyn Sink,
    count: &Count,
) -> Result<(), DistributionError> {
    // The audit has read it.
    let index = read_index(directory).ok_or_else(|| AuditError::NothingToAudit {
        path: directory.to_owned(),
        result: None,
    })?;
    let prefix = to.place;
    let top = transport.open(prefix, to.access, sink).await?;
    let mut below = BTreeMap::new();
    let published = index.targets.iter();
    let published =
        published.filter(|target| matches!(target.result, IndexResult::Published { .. }));
    // By recipe and tag of the version, in order.
    let mut versions = BTreeMap::<(String, String), Vec<Descriptor>>::new();
    let mut folders = Vec::new();
    for target in published {
        let folder = target.folder();
        let result = ResultFiles::read(&directory.join(&folder))?;
        let place = place_of(prefix, &target.recipe)?;
        let tag = version_tag(prefix, target)?;
        let at = if place == *prefix {
            &top
        } else {
            match below.entry(target.recipe.clone()) {
                Entry::Occupied(open) => open.into_mut(),
                Entry::Vacant(free) => free.insert(transport.open(&place, to.access, sink).await?),
            }
        };
        let pushed = push_result(&result, at, None, count).await?;
        set_tags(&pushed, &result.manifest, &tag, at, count).await?;
        if place != *prefix {
            push_result(&result, &top, Some(&place), count).await?;
        }
        let entry = entry(&pushed, &target.recipe, &target.version, &target.platform);
        let entries = versions.entry((target.recipe.clone(), tag)).or_default();
        entries.push(entry.annotated(FOLDER, folder.clone()));
        folders.push(folder + "/");
    }
    let mut entries = vec![push_top(directory, &folders, &top, count).await?];
    for of_version in versions.into_values() {
        let document = index_of(RESULT_TYPE, of_version);
        count.document(top.put_document(&document, None).await?);
        entries.push(document.descriptor);
    }
    let release: Document = Index::new(Some(RELEASE_TYPE), entries).into();
    count.document(top.put_document(&release, None).await?);
    attach_signature(directory, &release.descriptor, &top, count).await?;
    let tag = checked_tag(to.tag.unwrap_or(LATEST))?;
    count.document(top.put_document(&release, Some(&tag)).await?);
    count.tag(
        named(&top, &tag),
        release.descriptor.digest.to_string(),
        "release",
    );
    Ok(())
}

/// Where the results of a recipe go.
fn place_of(prefix: &Place, recipe: &str) -> Result<Place, DistributionError> {
    match prefix {
        Place::Layout(_) => Ok(prefix.clone()),
        Place::Repository(_) => {
            let below = format!("{prefix}/{recipe}").parse::<Reference>();
            let below = below.map_err(|source| DistributionError::Name {
                name: recipe.to_owned(),
                source,
            })?;
            Ok(below.place)
        }
    }
}

/// The tag of a target's version there, with its variant.
fn version_tag(prefix: &Place, target: &IndexTarget) -> Result<String, DistributionError> {
    let mut tag = tag_of(&target.version)?;
    if let Some(variant) = &target.variant {
        tag = format!("{tag}-{variant}");
    }
    checked_tag(&match prefix {
        Place::Layout(_) => format!("{}-{tag}", target.recipe),
        Place::Repository(_) => tag,
    })
}

/// Pushes what a release has beside its results: its index, page and checksums, and the records of failures.
async fn push_top(
    directory: &Path,
    folders: &[String],
    at: &Repository<'_>,
    count: &Count,
) -> Result<Descriptor, DistributionError> {
    let names = listed(directory)?;
    let names = names.into_iter().chain(signature_of(directory));
    let files = names
        .filter(|name| !folders.iter().any(|folder| name.starts_with(folder)))
        .map(|name| LayerFile::read(directory, &name));
    let files = files.collect::<Result<Vec<_>, _>>()?;
    put_files(&files, at, None, count).await?;
    let layers = files.iter().map(|file| file.layer.clone()).collect();
    let document: Document = Manifest::of_artifact(RELEASE_TYPE, layers).into();
    count.document(at.put_document(&document, None).await?);
    Ok(document.descriptor)
}

/// The file with the signature of the checksums, if there is one.
fn signature_of(directory: &Path) -> Option<String> {
    let mut names = [CHECKSUMS_MINISIG, CHECKSUMS_SIG].into_iter();
    let found = names.find(|name| directory.join(name).exists());
    found.map(ToOwned::to_owned)
}

async fn attach_signature(
    directory: &Path,
    release: &Descriptor,
    at: &Repository<'_>,
    count: &Count,
) -> Result<(), DistributionError> {
    let Some(signature) = signature_of(directory) else {
        return Ok(());
    };
    let files = [SHA256SUMS, &signature].map(|name| LayerFile::read(directory, name));
    let files = files.into_iter().collect::<Result<Vec<_>, _>>()?;
    attach(SIGNATURE_TYPE, &files, release, at, count).await
}
