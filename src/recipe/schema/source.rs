use std::collections::BTreeMap;

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::recipe::names::{CommitId, ContainerPath, Name, RelativePath, ValueName};
use crate::recipe::pattern::Pattern;
use crate::recipe::version::{Version, VersionRange};

/// Where the source comes from.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A git repository.
    Git(GitSource),
    /// A directory of the toolchain image.
    Directory(DirectorySource),
}

/// A git repository and its mirrors.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct GitSource {
    /// URLs, tried in order.
    pub urls: Vec<String>,
    /// Commits of known tags. If a tag in this list points to another commit, the build stops.
    #[serde(default)]
    pub tags: BTreeMap<Version, CommitId>,
    /// File in the tree that contains the version. It is used for commits that no known tag points to.
    #[serde(default)]
    pub version_file: Option<RelativePath>,
    /// Values that are read from files of the tree. A value is unset if its file or its text is not there.
    #[serde(default)]
    pub read: BTreeMap<ValueName, ReadText>,
}

/// A text that is read from a file of the tree.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ReadText {
    /// Path in the tree.
    pub file: RelativePath,
    /// Pattern of the text; the first line that matches is used.
    pub pattern: Pattern,
}

/// A directory that a package of the toolchain image installs.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DirectorySource {
    /// The directory in the image.
    pub path: ContainerPath,
    /// Version of the source in it.
    pub version: Version,
    /// Package that installs the directory. Its version is recorded.
    pub package: String,
}

/// A kind of source tree.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Class {
    /// Name, used in cases and in the manifest.
    pub name: Spanned<Name>,
    /// How such a tree is built, in one line.
    pub summary: String,
    /// Conditions for a tree of this class; all must hold.
    pub when: Vec<Condition>,
    /// True if such a tree must be patched. A version without a source patch is then not built.
    #[serde(default)]
    pub needs_source_patch: bool,
    /// Why such a tree need not be built. It is built only with `--force`.
    #[serde(default)]
    pub not_needed: Option<String>,
}

/// A condition that a source tree meets or does not meet.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// The file or directory exists.
    Exists(RelativePath),
    /// The file or directory does not exist.
    Missing(RelativePath),
    /// The file exists and contains the text.
    Contains(FileText),
    /// The file does not exist, or does not contain the text.
    Lacks(FileText),
}

/// A file and a text.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FileText {
    /// Path in the tree.
    pub file: RelativePath,
    /// Exact text.
    pub text: String,
}

/// A patch, and where it is applied.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PatchUse {
    /// Path below the `patches` directory.
    pub file: Spanned<RelativePath>,
    /// What is patched.
    pub to: PatchTarget,
    /// Versions that it is applied to.
    pub versions: VersionRange,
    /// Only for this class of source tree.
    #[serde(default)]
    pub class: Option<Spanned<Name>>,
    /// Why it is applied, in one line. It is recorded in the manifest.
    pub summary: String,
}

/// What a patch changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PatchTarget {
    /// The source that is compiled.
    Source,
    /// Only the build context of upstream's image; the compiled source stays that of the tag.
    ImageContext,
}
