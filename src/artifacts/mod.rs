//! Takes outputs out of a container's archive, and publishes them with their manifest in one step.

pub mod cache;
mod checksums;
mod collect;
mod error;
mod index;
mod log;
mod manifest;
mod published;
mod target;
mod write_index;

pub use checksums::{checksum_file, read_checksum_file};
pub use collect::{CollectedFile, collect};
pub use error::ArtifactError;
pub use index::{INDEX, INDEX_FORMAT, Index, IndexFile, IndexResult, IndexTarget};
pub use log::BuildLog;
pub use manifest::{
    MANIFEST_FORMAT, Manifest, ManifestFile, ManifestImage, ManifestLike, ManifestPatch,
    ManifestSource, PackageVersion, StepRecord, TOOL,
};
pub use published::{PublishedError, PublishedResult, read_manifest};
pub use target::{
    BUILD_LOG, CHECKSUMS_MINISIG, CHECKSUMS_SIG, ENVELOPE, MANIFEST, PLAN, PROVENANCE,
    PUBLISHED_BESIDE, REPRODUCTION, SBOM, SHA256SUMS, Target,
};
pub use write_index::{read_index, replace_file, write_checksums, write_index};
