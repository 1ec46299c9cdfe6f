//! The release file as it is written.

use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::options::Options;
use crate::recipe::{Architecture, Name, PackageFormat, RepositoryUrl, VersionRange};

/// The only version of the format that this tool reads.
pub const RELEASE_FORMAT: u32 = 1;

/// A release: what is built and published together.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Release {
    /// Version of the format: 1.
    #[schemars(with = "u32", range(min = 1, max = 1))]
    pub format: Spanned<u32>,
    /// Directory for the results, relative to this file. The default is `dist`.
    #[serde(default)]
    pub output: Option<String>,
    /// Directories of your own recipes, relative to this file. The default is `recipes`, if there is one.
    #[serde(default)]
    #[schemars(with = "Option<Vec<String>>")]
    pub recipes: Option<Vec<Spanned<String>>>,
    /// Maximum number of builds at a time. By default as many as the engine's processors and memory allow.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub jobs: Option<u32>,
    /// Defaults for all targets.
    #[serde(default)]
    pub defaults: Defaults,
    /// Repositories to make of the packages, below `repositories` in the directory for the results.
    #[serde(default)]
    pub repositories: Option<Repositories>,
    /// The targets.
    #[schemars(with = "Vec<TargetEntry>", length(min = 1))]
    pub targets: Vec<Spanned<TargetEntry>>,
}

/// Repositories from which nodes install the packages. They are signed with the key of `--package-key`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Repositories {
    /// Where nodes find the directory `repositories`, such as `https://packages.example.com/nodes`.
    #[serde(default)]
    pub url: Option<RepositoryUrl>,
    /// Name of a repository for yum and dnf, such as el7.
    #[serde(default)]
    pub yum: Option<Name>,
    /// Name of a suite for apt, such as stable.
    #[serde(default)]
    pub apt: Option<Name>,
    /// Versions to keep of each package and architecture. By default all stay.
    #[serde(default)]
    pub keep: Option<NonZeroU32>,
}

/// Defaults for all targets.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Defaults {
    /// Architectures in Go's terms. The default is the engine's own.
    #[serde(default)]
    pub arch: Vec<Architecture>,
    /// Packages to make from each result.
    #[serde(default)]
    pub packages: Vec<PackageFormat>,
    /// Options of the builds.
    #[serde(default)]
    pub options: Options,
}

/// Versions of one recipe, for one or more architectures.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TargetEntry {
    /// Name of the recipe.
    #[schemars(with = "Name")]
    pub recipe: Spanned<Name>,
    /// Tags or commits. Not for a recipe whose source is a directory of its image, which has one version.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub versions: Vec<Spanned<String>>,
    /// Selects all tags of the recipe in a range, such as ">=1.0.0-rc2, <=1.0.0-rc93".
    #[serde(default)]
    #[schemars(with = "Option<VersionRange>")]
    pub range: Option<Spanned<VersionRange>>,
    /// Architectures in Go's terms, instead of the defaults.
    #[serde(default)]
    pub arch: Vec<Architecture>,
    /// Name that distinguishes these results from others of the same version and architecture; part of their
    /// directory's name.
    #[serde(default)]
    pub variant: Option<Name>,
    /// Packages to make from each result, instead of the defaults.
    #[serde(default)]
    pub packages: Option<Vec<PackageFormat>>,
    /// Options of the builds; they override the defaults.
    #[serde(default)]
    pub options: Options,
    /// Combinations to leave out. Each entry must match at least one.
    #[serde(default)]
    #[schemars(with = "Vec<Exclude>")]
    pub exclude: Vec<Spanned<Exclude>>,
    /// Options for some of the combinations, or additional combinations.
    #[serde(default)]
    #[schemars(with = "Vec<Include>")]
    pub include: Vec<Spanned<Include>>,
}

/// Combinations to leave out: those that match all fields.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Exclude {
    /// The version, as it is in `versions` or in the recipe.
    #[serde(default)]
    pub version: Option<String>,
    /// The architecture.
    #[serde(default)]
    pub arch: Option<Architecture>,
}

/// Options for the combinations that match both fields. If there is none, a combination is added.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Include {
    /// The version.
    #[serde(default)]
    pub version: Option<String>,
    /// The architecture.
    #[serde(default)]
    pub arch: Option<Architecture>,
    /// Options; they override those of the entry.
    #[serde(default)]
    pub options: Options,
}
