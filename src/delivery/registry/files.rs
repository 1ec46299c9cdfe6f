//! Files as layers.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::artifact::{AT_A_TIME, MODE};
use super::error::DistributionError;
use super::pushed::Count;
use crate::checksum::sha256_of;
use crate::inside::inside;
use crate::recipe::{
    BUILD_LOG, ENVELOPE, MANIFEST, PLAN, PROVENANCE, REPRODUCTION, SBOM, SHA256SUMS,
};
use crate::regular_file;
use crate::transport::{
    BlobSource, Descriptor, Digest, EMPTY, EMPTY_TYPE, Place, Repository, TITLE,
};

/// A file to push.
#[derive(Clone)]
pub(super) struct LayerFile {
    /// How it is described.
    pub(super) layer: Descriptor,
    /// Where it is.
    pub(super) path: PathBuf,
}

impl LayerFile {
    /// The file `name` below a directory; read once, for its digest.
    pub(super) fn read(root: &Path, name: &str) -> Result<Self, DistributionError> {
        let unreadable = |source| DistributionError::Unreadable {
            path: root.join(name),
            source,
        };
        let path = inside(root, name).map_err(unreadable)?;
        let file = regular_file::open(&path).map_err(unreadable)?;
        let mode = file.metadata().map_err(unreadable)?.permissions().mode();
        let (size, sha256) = sha256_of(file).map_err(unreadable)?;
        // What `sha256_of` wrote is a digest.
        let digest = Digest::from_hex(&sha256).unwrap_or_else(|| Digest::of(&[]));
        let layer = layer(name, digest, size, mode);
        Ok(Self { layer, path })
    }

    /// As [`LayerFile::read`], where its digest was compared with the file just now: whoever takes the bytes compares them
    /// again, and a file that changed meanwhile is refused there.
    pub(super) fn known(root: &Path, name: &str, sha256: &str) -> Result<Self, DistributionError> {
        let unreadable = |source| DistributionError::Unreadable {
            path: root.join(name),
            source,
        };
        let Some(digest) = Digest::from_hex(sha256) else {
            return Self::read(root, name);
        };
        let path = inside(root, name).map_err(unreadable)?;
        let file = regular_file::open(&path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        let mode = metadata.permissions().mode();
        let layer = layer(name, digest, metadata.len(), mode);
        Ok(Self { layer, path })
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        self.layer.annotations.get(TITLE).map_or("", String::as_str)
    }
}

fn layer(name: &str, digest: Digest, size: u64, mode: u32) -> Descriptor {
    let layer = Descriptor::new(media_type(name), digest, size).annotated(TITLE, name);
    if mode & 0o111 == 0 {
        layer
    } else {
        layer.annotated(MODE, "755")
    }
}

/// The media type of a file, by its name.
fn media_type(name: &str) -> &'static str {
    match name.rsplit('/').next().unwrap_or(name) {
        MANIFEST => "application/vnd.kmembuild.manifest.v2+json",
        PLAN => "application/vnd.kmembuild.plan.v1+json",
        SBOM => "application/vnd.cyclonedx+json",
        PROVENANCE => "application/vnd.in-toto+json",
        ENVELOPE => "application/vnd.dsse.envelope.v1+json",
        REPRODUCTION => "application/vnd.kmembuild.reproduction.v1+json",
        SHA256SUMS | BUILD_LOG => "text/plain",
        _ => "application/octet-stream",
    }
}

/// Puts files into a repository, several at a time, with the configuration that says nothing.
pub(super) async fn put_files(
    files: &[LayerFile],
    at: &Repository<'_>,
    from: Option<&Place>,
    count: &Count,
) -> Result<(), DistributionError> {
    let empty = Descriptor::of(EMPTY_TYPE, EMPTY);
    let mut blobs = vec![(empty, BlobSource::Bytes(EMPTY.into()))];
    for file in files {
        // Two files with the same content are one blob.
        if !blobs
            .iter()
            .any(|(known, _)| known.digest == file.layer.digest)
        {
            blobs.push((file.layer.clone(), BlobSource::File(file.path.clone())));
        }
    }
    let blobs = blobs.iter().map(|(blob, source)| async move {
        let is_moved = at.put(blob, source, from).await?;
        count.blob(blob, is_moved);
        Ok::<_, DistributionError>(())
    });
    let blobs: Vec<_> = blobs.collect();
    stream::iter(blobs)
        .buffer_unordered(AT_A_TIME)
        .try_collect()
        .await
}
