//! The index of a release: every target of it, what came of it, and every file that was published for it.

use serde::{Deserialize, Serialize};

/// File name of the index, at the top of the release folder, beside [`super::SHA256SUMS`].
pub const INDEX: &str = "index.json";
/// Version of the index's form.
pub const INDEX_FORMAT: u32 = 1;

/// What a release folder holds. The files of all targets, [`INDEX`], the top [`super::SHA256SUMS`] and its signature are all the
/// files that may be in it.
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
    /// What came of it.
    pub result: IndexResult,
}

impl IndexTarget {
    /// The folder of its result, relative to the release folder: `runc/v1.0.0-rc10/linux-amd64`, and the variant's name
    /// behind a dash where there is one.
    pub fn folder(&self) -> String {
        let variant = self.variant.as_ref();
        let variant = variant.map(|name| format!("-{name}")).unwrap_or_default();
        format!(
            "{}/{}/{}{variant}",
            self.recipe, self.version, self.platform
        )
    }

    /// The folder of the record of its failure, relative to the release folder.
    pub fn failed_folder(&self) -> String {
        self.folder() + ".failed"
    }
}

/// What came of a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub enum IndexResult {
    /// It is in the folder.
    Published {
        /// Its folder, relative to the release folder.
        folder: String,
        /// All files in it, by path.
        files: Vec<IndexFile>,
    },
    /// The version needs no such build.
    NotNeeded {
        /// Why.
        reason: String,
    },
    /// It could not be built, or is not proven.
    Failed {
        /// Exit code that a build of it alone ends with.
        exit_code: u8,
        /// What happened.
        message: String,
    },
}

/// A published file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct IndexFile {
    /// Path relative to the target's folder.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// Sha256 in hexadecimal digits.
    pub sha256: String,
}
