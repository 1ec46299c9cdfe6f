use std::collections::BTreeMap;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::build::Build;
use super::images::Images;
use super::outputs::Output;
use super::package::Package;
use super::source::{Class, Condition, PatchUse, Source};
use super::values::Case;
use crate::recipe::names::{Architecture, Name, RelativePath, ValueName};
use crate::recipe::template::Template;
use crate::recipe::version::VersionRange;

/// The only version of the recipe format that this tool reads.
pub const RECIPE_FORMAT: u32 = 1;

/// A recipe: how one project is built, and what must hold for the files that it produces.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Recipe {
    /// Version of the format, [`RECIPE_FORMAT`].
    pub format: Spanned<u32>,
    /// Name. The results are stored in a directory of this name below the output directory.
    pub name: Name,
    /// What the recipe builds, in one line.
    pub summary: String,
    /// Where the source comes from.
    pub source: Source,
    /// Architectures that it can be built for, and those that it can be cross-compiled from.
    pub architectures: BTreeMap<Architecture, ArchitectureSupport>,
    /// Kinds of source tree, distinguished by their files; the first whose conditions hold is used.
    #[serde(default)]
    pub classes: Vec<Class>,
    /// Patches, in the order in which they are applied.
    #[serde(default)]
    pub patches: Vec<PatchUse>,
    /// Named values for `{{...}}`, each with its cases.
    #[serde(default)]
    pub values: BTreeMap<ValueName, Vec<Case>>,
    /// What can be built from the source. Without this field, everything is always built.
    #[serde(default)]
    pub targets: Option<Targets>,
    /// Where the toolchain image comes from.
    pub images: Images,
    /// What is run in it.
    pub build: Build,
    /// The files that are published, and what must hold for them.
    pub outputs: Vec<Output>,
    /// Directories, relative to the working directory, whose files are published too when the user requests all
    /// outputs.
    #[serde(default)]
    pub further_outputs: Vec<Template>,
    /// The packages that can be made of the outputs, to install them on nodes.
    #[serde(default)]
    pub package: Option<Box<Package>>,
}

/// What can be built from one source.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Targets {
    /// Targets that are built when the command line lists none.
    pub default: Vec<Spanned<Name>>,
    /// All targets, each with a file or directory of the tree; a version that does not have it does not have the
    /// target.
    pub known: BTreeMap<Name, RelativePath>,
}

/// Support for one target architecture.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ArchitectureSupport {
    /// Architectures of engines that can cross-compile for this one.
    #[serde(default)]
    pub cross_from: Vec<Architecture>,
    /// Versions that can be cross-compiled for it; all by default.
    #[serde(default)]
    pub cross_versions: Option<VersionRange>,
    /// Conditions for a source tree that can be built for it; all must hold.
    #[serde(default)]
    pub when: Vec<Condition>,
}
