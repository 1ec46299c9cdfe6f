//! The release file as written.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::options::Options;
use crate::recipe::{Architecture, Name, PackageFormat, VersionRange};

/// The only version of the format that this tool reads.
pub const RELEASE_FORMAT: u32 = 1;

/// A release: what is built and published together.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Release {
    /// Version of the format: 1.
    #[schemars(with = "u32", range(min = 1, max = 1))]
    pub format: Spanned<u32>,
    /// Folder for the results, relative to this file; `dist` beside it if not given.
    #[serde(default)]
    pub output: Option<String>,
    /// Most builds at a time; as many as the engine's processors and memory allow if not given.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub jobs: Option<u32>,
    /// What holds for every target that does not say otherwise.
    #[serde(default)]
    pub defaults: Defaults,
    /// The targets.
    #[schemars(with = "Vec<TargetEntry>", length(min = 1))]
    pub targets: Vec<Spanned<TargetEntry>>,
}

/// What holds for every target that does not say otherwise.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Defaults {
    /// Architectures in Go's terms; the engine's own if not given.
    #[serde(default)]
    pub arch: Vec<Architecture>,
    /// Packages to make of each result.
    #[serde(default)]
    pub packages: Vec<PackageFormat>,
    /// Options of the builds.
    #[serde(default)]
    pub options: Options,
}

/// Versions of one recipe, each for several architectures.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TargetEntry {
    /// Name of the recipe.
    #[schemars(with = "Name")]
    pub recipe: Spanned<Name>,
    /// Tags or commits. Not for a recipe whose source is a folder of its image, which has one version.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub versions: Vec<Spanned<String>>,
    /// All tags that the recipe knows in a range, such as ">=1.0.0-rc2, <=1.0.0-rc93".
    #[serde(default)]
    #[schemars(with = "Option<VersionRange>")]
    pub range: Option<Spanned<VersionRange>>,
    /// Architectures in Go's terms, in the place of the default ones.
    #[serde(default)]
    pub arch: Vec<Architecture>,
    /// Name that tells these results from others of the same version and architecture; part of their folder's name.
    #[serde(default)]
    pub variant: Option<Name>,
    /// Packages to make of each result, in the place of the default ones.
    #[serde(default)]
    pub packages: Option<Vec<PackageFormat>>,
    /// Options of the builds, over the default ones.
    #[serde(default)]
    pub options: Options,
    /// Combinations to leave out; each must leave out something.
    #[serde(default)]
    #[schemars(with = "Vec<Exclude>")]
    pub exclude: Vec<Spanned<Exclude>>,
    /// Options for some of the combinations, or further combinations.
    #[serde(default)]
    #[schemars(with = "Vec<Include>")]
    pub include: Vec<Spanned<Include>>,
}

/// Combinations to leave out: those to which all that is given applies.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Exclude {
    /// The version, as it is written in `versions` or known to the recipe.
    #[serde(default)]
    pub version: Option<String>,
    /// The architecture.
    #[serde(default)]
    pub arch: Option<Architecture>,
}

/// Options for the combinations to which version and architecture apply; where there is none, a combination more.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Include {
    /// The version.
    #[serde(default)]
    pub version: Option<String>,
    /// The architecture.
    #[serde(default)]
    pub arch: Option<Architecture>,
    /// Options, over those of the entry.
    #[serde(default)]
    pub options: Options,
}
