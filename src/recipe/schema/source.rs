use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::recipe::names::{CommitId, ContainerPath, DebianPackage, Name, RelativePath, ValueName};
use crate::recipe::pattern::Pattern;
use crate::recipe::version::{Version, VersionRange};

/// Where the source comes from. Give exactly one of these fields.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A git repository.
    Git(GitSource),
    /// A directory of the toolchain image.
    Directory(DirectorySource),
}

/// A git repository and its mirrors.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct GitSource {
    /// URLs of the repository, tried in order.
    pub urls: Vec<String>,
    /// Commits of known tags. If a tag resolves to a different commit, the build stops with exit code 17.
    #[serde(default)]
    pub tags: BTreeMap<Version, CommitId>,
    /// File in the tree that contains the version, for commits without a known tag. Default: none.
    #[serde(default)]
    pub version_file: Option<RelativePath>,
    /// Values to read from files of the tree. A value is unset if its file or text is missing.
    #[serde(default)]
    pub read: BTreeMap<ValueName, ReadText>,
}

/// A text to read from a file of the tree.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ReadText {
    /// Path in the source tree.
    pub file: RelativePath,
    /// Finds the text. The first matching line applies.
    pub pattern: Pattern,
}

/// A directory that a package of the toolchain image contains.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DirectorySource {
    /// Directory in the image.
    pub path: ContainerPath,
    /// Version of the source in that directory.
    pub version: Version,
    /// Package that contains the directory. Its version is recorded in the manifest.
    pub package: DebianPackage,
}

/// A kind of source tree.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Class {
    /// Name of the class, for cases and for the manifest.
    #[schemars(with = "Name")]
    pub name: Spanned<Name>,
    /// How such a tree is built, in one line.
    pub summary: String,
    /// Conditions that the tree must meet, all of them.
    pub when: Vec<Condition>,
    /// Whether such a tree must be patched. If so, a version without a source patch is not built.
    #[serde(default)]
    pub needs_source_patch: bool,
    /// Why such a tree does not need this build. It is then built only on request (`--force`). Default: it is needed.
    #[serde(default)]
    #[schemars(extend("examples" = ["kernel-memory settings are ignored; use upstream's release"]))]
    pub not_needed: Option<String>,
}

/// A condition on the source tree. Give exactly one of these fields.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// The file or directory exists.
    Exists(RelativePath),
    /// The file or directory does not exist.
    Missing(RelativePath),
    /// The file exists and contains the text.
    Contains(FileText),
    /// The file does not exist or does not contain the text.
    Lacks(FileText),
}

/// A text in a file of the source tree.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FileText {
    /// Path in the source tree.
    pub file: RelativePath,
    /// Text to search for, exactly as written.
    pub text: String,
}

/// A patch: a unified diff of files that exist. It must apply exactly, without offset or fuzz.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PatchUse {
    /// Path below the directory `patches` beside the recipe.
    #[schemars(with = "RelativePath")]
    pub file: Spanned<RelativePath>,
    /// What to patch.
    pub to: PatchTarget,
    /// Versions to patch.
    pub versions: VersionRange,
    /// Class of tree to patch. Default: all.
    #[serde(default)]
    #[schemars(with = "Option<Name>")]
    pub class: Option<Spanned<Name>>,
    /// Purpose of the patch, in one line. It is part of the manifest.
    pub summary: String,
}

/// What a patch changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PatchTarget {
    /// The source that is compiled.
    Source,
    /// The build context of upstream's image. The compiled source remains unchanged.
    ImageContext,
}
