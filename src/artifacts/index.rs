//! The index of a release: every target, its result, and every file published for it.

use serde::{Deserialize, Serialize};

/// File name of the index, at the top of the release directory, next to [`super::SHA256SUMS`].
pub const INDEX: &str = "index.json";
/// Version of the index format.
pub const INDEX_FORMAT: u32 = 1;

/// The contents of a release directory. It may contain only the files of all targets, [`INDEX`], the top
/// [`super::SHA256SUMS`] and its signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Index {
    /// [`INDEX_FORMAT`].
    pub format: u32,
    /// Name and version of the tool.
    pub tool: String,
    /// The targets, in the order of the release file.
    pub targets: Vec<IndexTarget>,
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
