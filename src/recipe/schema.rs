//! The recipe format, version 1: these types mirror the YAML one to one.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::names::{
    Architecture, CommitId, ContainerPath, ImageName, Name, RelativePath, ValueName,
};
use super::size::{ByteSize, Span};
use super::template::Template;
use super::version::{Version, VersionRange};
use crate::engine::Network;
use crate::verify::{GlibcVersion, KmemExpectation};

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
    /// Where the toolchain image comes from.
    pub images: Images,
    /// What is run in it.
    pub build: Build,
    /// What is taken out, and what must hold for it.
    pub outputs: Vec<Output>,
}

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

/// Support for one target architecture.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ArchitectureSupport {
    /// Architectures of engines on which this target can be cross-compiled.
    #[serde(default)]
    pub cross_from: Vec<Architecture>,
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

/// One text of a value and when it applies: the first case that fits is taken. With no fitting case the value
/// is unset, and every argument or variable that names it is left out.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Case {
    /// The text.
    pub value: Template,
    /// Only for these versions.
    #[serde(default)]
    pub versions: Option<VersionRange>,
    /// Only for this class of tree.
    #[serde(default)]
    pub class: Option<Spanned<Name>>,
    /// Only for this target architecture.
    #[serde(default)]
    pub arch: Option<Architecture>,
    /// Only when cross-compiling (true) or not (false).
    #[serde(default)]
    pub cross: Option<bool>,
    /// Only when a patch changes the compiled source (true) or none does (false).
    #[serde(default)]
    pub patched: Option<bool>,
}

/// Ways to the toolchain image.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Images {
    /// The way taken when the command line names none.
    pub default: Spanned<ImageWay>,
    /// Prefixes of registries to try, in order, before the one in an image's own name.
    #[serde(default)]
    pub mirrors: Vec<String>,
    /// A ready image from a registry.
    #[serde(default)]
    pub registry: Option<RegistryImage>,
    /// Upstream's own Dockerfile, with its context patched.
    #[serde(default)]
    pub upstream: Option<UpstreamImage>,
    /// A small image of the recipe's own Dockerfile.
    #[serde(default)]
    pub lean: Option<LeanImage>,
    /// A root file system bootstrapped from Debian's archive.
    #[serde(default)]
    pub debian: Option<DebianImage>,
}

/// A way to the toolchain image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImageWay {
    /// A ready image from a registry.
    Registry,
    /// Upstream's own Dockerfile.
    Upstream,
    /// The recipe's own small Dockerfile.
    Lean,
    /// Bootstrapped from Debian's archive.
    Debian,
}

/// A ready image from a registry.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RegistryImage {
    /// The name upstream expects; looked for under each mirror and then tagged so.
    pub name: Template,
}

/// Upstream's own Dockerfile.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct UpstreamImage {
    /// Path of the Dockerfile in the tree.
    pub dockerfile: RelativePath,
    /// Build arguments.
    #[serde(default)]
    pub arguments: BTreeMap<String, Template>,
}

/// A small image that the recipe describes itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LeanImage {
    /// The image it starts from; passed as build argument `BASE`. Without it, the one that upstream's
    /// Dockerfile starts from.
    #[serde(default)]
    pub base: Option<ImageName>,
    /// Further build arguments.
    #[serde(default)]
    pub arguments: BTreeMap<String, Template>,
    /// Text of the Dockerfile.
    pub dockerfile: String,
}

/// A root file system of Debian packages.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DebianImage {
    /// Debian's code name of the release, e.g. `bullseye`.
    pub suite: Name,
    /// Packages beside the essential ones.
    pub packages: Vec<String>,
    /// What is added for a target architecture that is cross-compiled; that architecture is enabled.
    #[serde(default)]
    pub cross: BTreeMap<Architecture, CrossPackages>,
    /// Environment variables of the image.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
}

/// What is added to a root file system to cross-compile for another architecture.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CrossPackages {
    /// Further packages.
    pub packages: Vec<String>,
    /// Text of an apt preferences file that is in force while packages are chosen.
    #[serde(default)]
    pub preferences: Option<String>,
}

/// What is run in the toolchain image.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Build {
    /// Folder in the container that the source is unpacked to and the steps are run in. For a source that is a
    /// folder of the image, that folder when this is not given.
    #[serde(default)]
    pub workdir: Option<ContainerPath>,
    /// Network of the container.
    pub network: Network,
    /// Environment of every step.
    #[serde(default)]
    pub environment: BTreeMap<String, Template>,
    /// Folders kept from build to build in named volumes of the engine.
    #[serde(default)]
    pub caches: Vec<CacheFolder>,
    /// Memory the build is known to need.
    #[serde(default)]
    pub memory: Option<ByteSize>,
    /// Longest time that all the steps together may take.
    pub timeout: Span,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// A folder that is kept from build to build.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CacheFolder {
    /// Name, part of the volume's name.
    pub name: Spanned<Name>,
    /// The folder in the container.
    pub path: Spanned<ContainerPath>,
}

/// One command.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Step {
    /// Name, for messages.
    pub name: Spanned<Name>,
    /// Program and arguments; no shell is put around them.
    pub command: Vec<Template>,
    /// Further environment.
    #[serde(default)]
    pub environment: BTreeMap<String, Template>,
}

/// A file that the build leaves.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Output {
    /// Path in the container, relative to the work folder.
    pub path: Spanned<RelativePath>,
    /// File name to publish it under; the last part of the path when not given.
    #[serde(default)]
    pub name: Option<Spanned<Name>>,
    /// Only for these versions; for all when not given.
    #[serde(default)]
    pub versions: Option<VersionRange>,
    /// What must hold for it.
    #[serde(default)]
    pub checks: Checks,
}

/// What must hold for an output. What is not given is not checked; the architecture always is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Checks {
    /// Kernel-memory accounting.
    #[serde(default)]
    pub kmem: Option<KmemExpectation>,
    /// Whether it must be statically linked (true) or dynamically (false).
    #[serde(default, rename = "static")]
    pub static_linked: Option<bool>,
    /// Highest version of the GNU C library that it may ask for.
    #[serde(default)]
    pub glibc_floor: Option<GlibcVersion>,
    /// What it must say of itself.
    #[serde(default)]
    pub version: Option<VersionCheck>,
}

/// What a binary must say of itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct VersionCheck {
    /// Arguments to run it with.
    pub arguments: Vec<String>,
    /// Texts that must be in its output.
    pub contains: Vec<Template>,
}

impl Output {
    /// File name it is published under.
    pub fn file_name(&self) -> &str {
        if let Some(name) = &self.name {
            return name.value.as_str();
        }
        let path = self.path.value.as_str();
        path.rsplit('/').next().unwrap_or(path)
    }
}
