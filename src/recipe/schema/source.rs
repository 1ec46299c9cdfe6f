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
    /// A folder of the toolchain image.
    Folder(FolderSource),
}

/// A git repository and its mirrors.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct GitSource {
    /// URLs, tried in order.
    pub urls: Vec<String>,
    /// Commits of known tags. A tag listed here that resolves to another commit stops the build.
    #[serde(default)]
    pub tags: BTreeMap<Version, CommitId>,
    /// File in the tree that holds the version, for commits that no known tag names.
    #[serde(default)]
    pub version_file: Option<RelativePath>,
    /// Values that are read from files of the tree; one whose file or text is not there is unset.
    #[serde(default)]
    pub read: BTreeMap<ValueName, ReadText>,
}

/// A text that is read from a file of the tree.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ReadText {
    /// Path in the tree.
    pub file: RelativePath,
    /// Taken from the first line that it fits.
    pub pattern: Pattern,
}

/// A folder that a package of the toolchain image brings.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FolderSource {
    /// The folder in the image.
    pub path: ContainerPath,
    /// Version of the source in it.
    pub version: Version,
    /// Package that brings the folder; its version is recorded.
    pub package: String,
}

/// A kind of source tree.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Class {
    /// Name, for cases and for the manifest.
    pub name: Spanned<Name>,
    /// One line that says how such a tree is built.
    pub summary: String,
    /// What must hold in the tree; all of it.
    pub when: Vec<Condition>,
    /// Such a tree must be patched: without a source patch for the version nothing is built.
    #[serde(default)]
    pub needs_source_patch: bool,
    /// Why such a tree need not be built at all; building it then takes `--force`.
    #[serde(default)]
    pub not_needed: Option<String>,
}

/// Something that holds in a tree or does not.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// The file or folder is there.
    Exists(RelativePath),
    /// The file or folder is not there.
    Missing(RelativePath),
    /// The file is there and holds the text.
    Contains(FileText),
    /// The file is not there or does not hold the text.
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

/// A patch and where it is applied.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PatchUse {
    /// Path below the patches folder.
    pub file: Spanned<RelativePath>,
    /// What is patched.
    pub to: PatchTarget,
    /// Versions it is for.
    pub versions: VersionRange,
    /// Only for this class of tree.
    #[serde(default)]
    pub class: Option<Spanned<Name>>,
    /// Why, in one line; part of the manifest.
    pub summary: String,
}

/// What a patch changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PatchTarget {
    /// The source that is compiled.
    Source,
    /// Only the build context of upstream's image; what is compiled stays that of the tag.
    ImageContext,
}
