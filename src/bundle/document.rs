//! What a bundle says of itself.

use serde::{Deserialize, Serialize};

use crate::transport::{Descriptor, Digest};

/// Version of the format.
pub(super) const FORMAT: u32 = 1;
/// Artifact type of a bundle.
pub const BUNDLE_TYPE: &str = "application/vnd.kmembuild.bundle.v1";
/// Media type of the document.
pub(super) const DOCUMENT_TYPE: &str = "application/vnd.kmembuild.bundle.config.v1+json";
/// Media type of a layer of an image that was packed here.
pub const LAYER_TYPE: &str = "application/vnd.oci.image.layer.v1.tar+zstd";
/// Media type of a git pack.
pub const PACK_TYPE: &str = "application/vnd.kmembuild.git-pack.v1";
/// Media type of a compressed program.
pub const GZIP_TYPE: &str = "application/gzip";
/// Media type of a recipe, a patch, a release file or a lock file.
pub const TEXT_TYPE: &str = "text/plain";

/// What is in a bundle, and for what. The lock file among its files says what of it may be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct BundleDocument {
    /// Version of the format: 1.
    pub format: u32,
    /// Path of the release file among the files.
    pub release: String,
    /// Path of the lock file among the files.
    pub lockfile: String,
    /// The tool that made it, compressed by gzip.
    pub tool: Descriptor,
    /// The release file, its lock file, recipes with their patches and advisories.
    pub files: Vec<BundledFile>,
    /// Commits, without their history.
    pub sources: Vec<BundledSource>,
    /// Toolchain images.
    pub images: Vec<BundledImage>,
    /// Earlier bundles, in which blobs are that were left out of this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub since: Vec<Base>,
}

/// A file of the release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct BundledFile {
    /// Its path, relative to the directory of the release.
    pub path: String,
    /// Its content.
    pub content: Descriptor,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct BundledSource {
    /// The recipe whose source it is.
    pub recipe: String,
    /// The commit, 40 hexadecimal digits.
    pub commit: String,
    /// A pack with the commit and its whole tree.
    pub pack: Descriptor,
}

/// An image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct BundledImage {
    /// Its name on the engine.
    pub name: String,
    /// Its manifest; of an image of a registry, the registry's own.
    pub manifest: Descriptor,
    /// Its configuration.
    pub configuration: Descriptor,
    /// Its layers, the lowest first.
    pub layers: Vec<BundledLayer>,
}

/// A layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct BundledLayer {
    /// The layer as it is stored: a tar archive, compressed by gzip or zstd, or not.
    pub content: Descriptor,
    /// Digest of the archive itself.
    pub unpacked: Digest,
    /// Size of the archive itself in bytes.
    pub unpacked_size: u64,
}

/// An earlier bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Base {
    /// Name of its file when this one was made, for messages.
    pub file: String,
    /// Digest of its manifest.
    pub digest: Digest,
    /// What was left out because it is there, in it or in one that it was made since.
    pub blobs: Vec<Digest>,
}

impl BundleDocument {
    /// Everything that the bundle names, in order; the same may be named twice.
    pub fn blobs(&self) -> impl Iterator<Item = &Descriptor> {
        let files = self.files.iter().map(|file| &file.content);
        let packs = self.sources.iter().map(|source| &source.pack);
        let images = self.images.iter().flat_map(|image| {
            let layers = image.layers.iter().map(|layer| &layer.content);
            layers.chain([&image.configuration, &image.manifest])
        });
        [&self.tool]
            .into_iter()
            .chain(files)
            .chain(packs)
            .chain(images)
    }
}
