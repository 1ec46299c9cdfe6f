//! Takes outputs from a container's archive, and publishes them with their manifest in one step.

pub mod cache;
mod checksums;
mod collect;
mod error;
mod exchange;
mod follow_index;
mod index;
mod index_build;
mod leftovers;
mod log;
mod manifest;
mod published;
mod replace_file;
mod target;
mod write_index;

pub use checksums::{checksum_file, read_checksum_file};
pub use collect::{CollectedFile, collect};
pub use error::ArtifactError;
pub use exchange::exchange;
pub use index::{
    INDEX, INDEX_FORMAT, INDEX_PAGE, Index, IndexBinary, IndexBuild, IndexFile, IndexHow, IndexKey,
    IndexPart, IndexRepository, IndexResult, IndexRun, IndexStage, IndexTarget,
};
pub use leftovers::{
    Leftover, LeftoverKind, REPOSITORIES, folders_of_targets, leftovers, repository_of,
};
pub use log::BuildLog;
pub use manifest::{
    MANIFEST_FORMAT, Manifest, ManifestFile, ManifestImage, ManifestLike, ManifestPatch,
    ManifestSource, NotEnforced, PackageVersion, StepRecord, TOOL, Toolchain,
};
pub use published::{PublishedError, PublishedResult, directory_of, read_manifest, read_plan};
pub use replace_file::{is_in_place, replace_file};
pub use target::{CHECKSUMS_MINISIG, CHECKSUMS_SIG, Target};
pub use write_index::{list_files, read_index, read_index_file, write_index};

pub use crate::recipe::{
    BUILD_LOG, COMPANION_FILES, ENVELOPE, MANIFEST, PLAN, PROVENANCE, REPRODUCTION, SBOM,
    SHA256SUMS,
};
