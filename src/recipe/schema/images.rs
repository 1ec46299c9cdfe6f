use std::collections::BTreeMap;

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::recipe::names::{Architecture, ContainerPath, ImageName, Name, RelativePath};
use crate::recipe::template::Template;
use crate::recipe::version::VersionRange;

/// Ways to obtain the toolchain image.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Images {
    /// The way that is used when the command line chooses none.
    pub default: Spanned<ImageWay>,
    /// Prefixes of registries that are tried, in order, after the registry in an image's own name.
    #[serde(default)]
    pub mirrors: Vec<String>,
    /// Registries that have moved: a prefix of image names, and the registry that serves these images now. It is used
    /// instead.
    #[serde(default)]
    pub moved_registries: BTreeMap<String, String>,
    /// A ready image from a registry.
    #[serde(default)]
    pub registry: Option<RegistryImage>,
    /// Upstream's own Dockerfile, with its context patched.
    #[serde(default)]
    pub upstream: Option<UpstreamImage>,
    /// A small image that is built from the recipe's own Dockerfile.
    #[serde(default)]
    pub lean: Option<LeanImage>,
    /// A root file system that is bootstrapped from Debian's archive.
    #[serde(default)]
    pub debian: Option<DebianImage>,
}

/// A way to obtain the toolchain image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImageWay {
    /// A ready image from a registry.
    Registry,
    /// Upstream's own Dockerfile.
    Upstream,
    /// The recipe's own small Dockerfile.
    Lean,
    /// A root file system from Debian's archive.
    Debian,
}

/// A ready image from a registry.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RegistryImage {
    /// The name that upstream uses. The image is looked up under each mirror, and then tagged with this name.
    pub name: Template,
    /// Values of upstream's build arguments. In the name, `$NAME`, `${NAME}` and the bare word `NAME` are replaced by
    /// the value of the argument `NAME`.
    #[serde(default)]
    pub arguments: BTreeMap<String, Template>,
    /// Other repositories, without a tag, that are tried after the name's own.
    #[serde(default)]
    pub also: Vec<ImageName>,
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

/// A small image that the recipe itself describes.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LeanImage {
    /// The image that it starts from; passed as build argument `BASE`. By default the one that upstream's Dockerfile
    /// starts from.
    #[serde(default)]
    pub base: Option<ImageName>,
    /// Other build arguments.
    #[serde(default)]
    pub arguments: BTreeMap<String, Template>,
    /// Text of the Dockerfile.
    pub dockerfile: String,
}

/// A root file system of Debian packages.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DebianImage {
    /// Debian's code name of the release, such as `bullseye`.
    pub suite: Name,
    /// Versions that it can build; all by default.
    #[serde(default)]
    pub versions: Option<VersionRange>,
    /// Packages, in addition to the essential ones.
    pub packages: Vec<String>,
    /// Symbolic links and their targets.
    #[serde(default)]
    pub links: BTreeMap<ContainerPath, ContainerPath>,
    /// Additional packages for an image that upstream's own build script is run in.
    #[serde(default)]
    pub run_sh_packages: Vec<String>,
    /// What is added to cross-compile for an architecture. That architecture is enabled in dpkg.
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
    /// Additional packages.
    pub packages: Vec<String>,
    /// Text of an apt preferences file that is used while packages are selected.
    #[serde(default)]
    pub preferences: Option<String>,
}
