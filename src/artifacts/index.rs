//! The index of a release: every target, its result, and every file published for it.

use serde::{Deserialize, Serialize};

use crate::verify::Check;

/// File name of the index, at the top of the release directory, next to [`super::SHA256SUMS`].
pub const INDEX: &str = "index.json";
/// File name of the page for people, next to [`INDEX`].
pub const INDEX_PAGE: &str = "index.html";
/// Version of the index format. 2: the run, stages, changes and builds; 3: repositories. An index of an earlier format is one
/// without them.
pub const INDEX_FORMAT: u32 = 3;

/// The contents of a release directory. It may contain only the files of all targets and repositories, [`INDEX`], [`INDEX_PAGE`], the top
/// [`super::SHA256SUMS`] and its signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Index {
    /// [`INDEX_FORMAT`].
    pub format: u32,
    /// Name and version of the tool.
    pub tool: String,
    /// The run that changed the release last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<IndexRun>,
    /// The key that it is signed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<IndexKey>,
    /// Which part of the release it is, where it is not the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<IndexPart>,
    /// Directories of the targets that the release had before that run, and no longer has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<String>,
    /// The repositories of its packages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repositories: Vec<IndexRepository>,
    /// The targets, in the order of the release file.
    pub targets: Vec<IndexTarget>,
}

/// A part of a release that was made apart from the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct IndexPart {
    /// Its number; the first one is 1.
    pub number: u32,
    /// How many there are.
    pub of: u32,
    /// Names of all targets of the release, in the order of the release file.
    pub all: Vec<String>,
    /// Names of those in this part, in the same order.
    pub own: Vec<String>,
}

/// A run of the release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct IndexRun {
    /// When it began, in UTC, to the second.
    pub started_at: String,
    /// How long it took, in milliseconds.
    pub milliseconds: u64,
}

/// The key that a release is signed with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct IndexKey {
    /// Sha256 of the public key in DER, in hexadecimal digits.
    pub id: String,
    /// Name of the file with the signature of the checksums, next to them.
    pub signature: String,
}

/// A repository of the packages of a release, also of those of earlier ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct IndexRepository {
    /// `yum` or `apt`.
    pub kind: String,
    /// Name of the yum repository, or of apt's suite.
    pub name: String,
    /// Its directory, relative to the release directory.
    pub folder: String,
    /// Fingerprint of the key that it is signed with.
    pub key: String,
    /// How many packages it lists.
    pub packages: usize,
    /// The commands with which a node comes to use it.
    pub commands: Vec<String>,
    /// All files in it, by path.
    pub files: Vec<IndexFile>,
}

/// One target of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct IndexTarget {
    /// Name of the recipe.
    pub recipe: String,
    /// The version.
    pub version: String,
    /// Operating system and architecture, `linux-amd64`.
    pub platform: String,
    /// Name of a variant, where the release has several of one version and platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// How its result came there in the run of the index; nothing is said of a target without a result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how: Option<IndexHow>,
    /// What was done for it in that run, in the order in which it began.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<IndexStage>,
    /// What is different from the release before that run: an input or a file that is another one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
    /// Its result.
    pub result: IndexResult,
}

impl IndexTarget {
    /// The directory of its result, relative to the release directory: `runc/v1.0.0-rc10/linux-amd64`, with a dash and the
    /// name of the variant if there is one.
    pub fn folder(&self) -> String {
        let variant = self.variant.as_ref();
        let variant = variant.map(|name| format!("-{name}")).unwrap_or_default();
        format!(
            "{}/{}/{}{variant}",
            self.recipe, self.version, self.platform
        )
    }

    /// The directory of the record of its failure, relative to the release directory.
    pub fn failed_folder(&self) -> String {
        self.folder() + ".failed"
    }
}

/// How a result came to be where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IndexHow {
    /// It was built.
    Built,
    /// It was built before, and published again.
    Cached,
    /// It was there already.
    Unchanged,
}

/// Something that was done for a target: `source`, `image`, a step of the recipe, `collect`, `check`, `run-check`, `publish`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct IndexStage {
    /// Its name.
    pub name: String,
    /// When it began, in milliseconds after the begin of the run.
    pub after: u64,
    /// How long it took, in milliseconds.
    pub milliseconds: u64,
    /// The node of a cluster that it was done on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Whether it failed, or was stopped.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failed: bool,
}

/// The result of a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub enum IndexResult {
    /// It was published.
    Published {
        /// Its directory, relative to the release directory.
        folder: String,
        /// All files in it, by path.
        files: Vec<IndexFile>,
        /// What it was made from, and what the checks found, according to its manifest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        build: Option<Box<IndexBuild>>,
    },
    /// The version needs no such build.
    NotNeeded {
        /// Why.
        reason: String,
    },
    /// It could not be built, or could not be proven.
    Failed {
        /// The exit code of a build of only this target.
        exit_code: u8,
        /// What happened.
        message: String,
    },
}

/// A published file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct IndexFile {
    /// Path relative to the target's directory.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// Sha256 in hexadecimal digits.
    pub sha256: String,
}

/// What a result was made from, and what the checks found; [`super::Manifest`] has more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct IndexBuild {
    /// When the build began, in UTC.
    pub started_at: String,
    /// When it ended, in UTC.
    pub built_at: String,
    /// Sha256 of the recipe.
    pub recipe_sha256: String,
    /// What exactly was built: a commit, or the name and version of a package.
    pub source: String,
    /// Where it came from: a URL, or a directory of the image.
    pub origin: String,
    /// Names of the patches that were applied to it.
    pub patches: Vec<String>,
    /// Name of the toolchain image.
    pub image: String,
    /// Sha256 of what the image contributes to a build.
    pub image_content: String,
    /// Version of the toolchain, where the recipe can determine it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub toolchain: Option<String>,
    /// Known holes of what was built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_holes: Option<String>,
    /// The warnings that the user was shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The binaries.
    pub binaries: Vec<IndexBinary>,
}

/// A published binary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct IndexBinary {
    /// File name.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
    /// Sha256 in hexadecimal digits.
    pub sha256: String,
    /// The checks and their results.
    pub checks: Vec<Check>,
}
