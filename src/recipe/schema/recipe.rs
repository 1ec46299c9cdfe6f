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

/// A recipe: how one project is built and what must hold for what comes out.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Recipe {
    /// Version of the format, [`RECIPE_FORMAT`].
    pub format: Spanned<u32>,
    /// Name; also the name of its folder below the output folder.
    pub name: Name,
    /// One line that says what it builds.
    pub summary: String,
    /// Where the source comes from.
    pub source: Source,
    /// Architectures it can be built for, with those it can be cross-compiled from.
    pub architectures: BTreeMap<Architecture, ArchitectureSupport>,
    /// Kinds of source tree, told apart by what is in the tree; the first that fits is taken.
    #[serde(default)]
    pub classes: Vec<Class>,
    /// Patches, in the order in which they are applied.
    #[serde(default)]
    pub patches: Vec<PatchUse>,
    /// Named values for `{{...}}`, each with the cases in which it has which text.
    #[serde(default)]
    pub values: BTreeMap<ValueName, Vec<Case>>,
    /// What can be built of the source; everything, always, when not given.
    #[serde(default)]
    pub targets: Option<Targets>,
    /// Where the toolchain image comes from.
    pub images: Images,
    /// What is run in it.
    pub build: Build,
    /// What is taken out, and what must hold for it.
    pub outputs: Vec<Output>,
    /// Folders, relative to the work folder, whose files are taken out as well when the user wants everything that the
    /// build makes.
    #[serde(default)]
    pub further_outputs: Vec<Template>,
    /// What a package of the outputs is like, for installing them on nodes.
    #[serde(default)]
    pub package: Option<Box<Package>>,
}

/// What can be built of one source.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Targets {
    /// Those that are built when the command line names none.
    pub default: Vec<Spanned<Name>>,
    /// All of them, each with the file or folder of the tree without which a version does not have it.
    pub known: BTreeMap<Name, RelativePath>,
}

/// Support for one target architecture.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ArchitectureSupport {
    /// Architectures of engines on which this target can be cross-compiled.
    #[serde(default)]
    pub cross_from: Vec<Architecture>,
    /// Versions that can be cross-compiled for it; all when not given.
    #[serde(default)]
    pub cross_versions: Option<VersionRange>,
    /// What must hold in a tree that can be built for it; all of it.
    #[serde(default)]
    pub when: Vec<Condition>,
}
