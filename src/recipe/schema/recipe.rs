use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::build::Build;
use super::images::Images;
use super::outputs::Output;
use super::package::Package;
use super::source::{Class, Condition, PatchUse, Source};
use super::values::Case;
use crate::recipe::advisories::Advisories;
use crate::recipe::names::{Architecture, Name, RelativePath, ValueName};
use crate::recipe::template::Template;
use crate::recipe::version::VersionRange;

/// The only version of the recipe format that this tool reads.
pub const RECIPE_FORMAT: u32 = 1;

/// A recipe: how one project is built, and which checks the result must pass.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Recipe {
    /// Version of the recipe format: always 1.
    #[schemars(with = "u32", range(min = 1, max = 1))]
    pub format: Spanned<u32>,
    /// Name of the recipe, of its file (`NAME.yaml`) and of its directory below the output directory.
    pub name: Name,
    /// What the recipe builds, in one line.
    pub summary: String,
    /// Where the source comes from.
    pub source: Source,
    /// Architectures that the recipe can build for.
    pub architectures: BTreeMap<Architecture, ArchitectureSupport>,
    /// Kinds of source tree, distinguished by what is in the tree. The first match applies.
    #[serde(default)]
    pub classes: Vec<Class>,
    /// Patches, applied in this order.
    #[serde(default)]
    pub patches: Vec<PatchUse>,
    /// What a user should know of some versions. It is shown before such a version is built.
    #[serde(default)]
    pub remarks: Vec<Remark>,
    /// Known holes of what it builds. They are not part of the recipe's text.
    #[serde(skip)]
    #[schemars(skip)]
    pub advisories: Option<Advisories>,
    /// Named values for `{{...}}`. Each has a list of cases; the first match applies.
    #[serde(default)]
    pub values: BTreeMap<ValueName, Vec<Case>>,
    /// What can be built from the source. Default: one build makes everything.
    #[serde(default)]
    pub targets: Option<Targets>,
    /// Where the toolchain image comes from.
    pub images: Images,
    /// How the outputs are built.
    pub build: Build,
    /// Files to take out of the build, with the checks that they must pass.
    pub outputs: Vec<Output>,
    /// Directories, relative to the work directory, whose files are taken out as well if all outputs are requested.
    #[serde(default)]
    pub further_outputs: Vec<Template>,
    /// Packages of the outputs, to install on nodes. Default: no packages.
    #[serde(default)]
    pub package: Option<Box<Package>>,
}

/// What a user should know of some versions.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Remark {
    /// The versions.
    pub versions: VersionRange,
    /// The remark, in one line.
    pub text: String,
}

/// What can be built from one source.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Targets {
    /// Targets to build if none is requested.
    #[schemars(with = "Vec<Name>")]
    pub default: Vec<Spanned<Name>>,
    /// All targets. Each has a file or directory that a source tree must contain to have this target.
    pub known: BTreeMap<Name, RelativePath>,
}

/// Support for one target architecture. `{}` is enough if every engine of that architecture can build it.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ArchitectureSupport {
    /// Engine architectures that can cross-compile for this architecture.
    #[serde(default)]
    pub cross_from: Vec<Architecture>,
    /// Versions that can be cross-compiled for this architecture. Default: all.
    #[serde(default)]
    pub cross_versions: Option<VersionRange>,
    /// Conditions that a tree must meet, all of them, to be built for this architecture.
    #[serde(default)]
    pub when: Vec<Condition>,
}
