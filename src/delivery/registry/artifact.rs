//! How a result looks in a registry.

/// Type of a result, and of the index with a version's results.
pub const RESULT_TYPE: &str = "application/vnd.kmembuild.result.v1";
/// Type of a release, and of what it has beside its results.
pub const RELEASE_TYPE: &str = "application/vnd.kmembuild.release.v1";
/// Type of the signature of a release's checksums.
pub(super) const SIGNATURE_TYPE: &str = "application/vnd.kmembuild.signature.v1";

/// Annotation with the permission bits of a file that can be run: `755`.
pub(super) const MODE: &str = "vnd.kmembuild.mode";
/// Annotation with the name of the recipe.
pub(super) const RECIPE: &str = "vnd.kmembuild.recipe";
/// Annotation with the directory of a result in its release.
pub(super) const FOLDER: &str = "vnd.kmembuild.folder";
/// Annotation with the version.
pub(super) const VERSION: &str = "org.opencontainers.image.version";
/// Annotation with the commit of the source.
pub(super) const REVISION: &str = "org.opencontainers.image.revision";

/// Most bytes of a result.
pub(super) const LARGEST_RESULT: u64 = 16 << 30;
/// How many blobs are moved at the same time.
pub(super) const AT_A_TIME: usize = 4;
