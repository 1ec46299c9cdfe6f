//! Takes outputs out of a container's archive, and publishes them with their manifest in one step.

pub mod cache;
mod collect;
mod error;
mod index;
mod log;
mod manifest;
mod target;

pub use collect::{CollectedFile, collect};
pub use error::ArtifactError;
pub use index::{INDEX, INDEX_FORMAT, Index, IndexFile, IndexResult, IndexTarget};
pub use log::BuildLog;
pub use manifest::{
    MANIFEST_FORMAT, Manifest, ManifestFile, ManifestImage, ManifestLike, ManifestPatch,
    ManifestSource, PackageVersion, StepRecord, checksum_file,
};
pub use target::{BUILD_LOG, MANIFEST, PLAN, PUBLISHED_BESIDE, SHA256SUMS, Target};
