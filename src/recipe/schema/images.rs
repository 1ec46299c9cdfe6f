use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_saphyr::Spanned;

use crate::recipe::names::{
    Architecture, ContainerPath, DebianPackage, ImageName, Name, RegistryPrefix, RelativePath,
    VariableName,
};
use crate::recipe::template::Template;
use crate::recipe::version::VersionRange;

/// Where the toolchain image comes from. At least the default kind must be given.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Images {
    /// Kind of image to use if none is requested.
    #[schemars(with = "ImageWay")]
    pub default: Spanned<ImageWay>,
    /// Registry prefixes to try, in order, after the registry in the image's own name.
    #[serde(default)]
    pub mirrors: Vec<RegistryPrefix>,
    /// Replacements for registries that no longer exist. The key is the start of an image name, the value is the
    /// registry that serves the same images today.
    #[serde(default)]
    pub moved_registries: BTreeMap<RegistryPrefix, RegistryPrefix>,
    /// A ready-made image from a registry. Default: not available.
    #[serde(default)]
    pub registry: Option<RegistryImage>,
    /// An image built from upstream's own Dockerfile, with patches for its build context. Default: not available.
    #[serde(default)]
    pub upstream: Option<UpstreamImage>,
    /// A small image built from a Dockerfile in the recipe. Default: not available.
    #[serde(default)]
    pub lean: Option<LeanImage>,
    /// A root file system bootstrapped from Debian's archive. Default: not available.
    #[serde(default)]
    pub debian: Option<DebianImage>,
}

impl Images {
    /// The kinds of image that the recipe describes.
    pub fn described(&self) -> impl Iterator<Item = ImageWay> {
        let ways = [
            (self.registry.is_some(), ImageWay::Registry),
            (self.upstream.is_some(), ImageWay::Upstream),
            (self.lean.is_some(), ImageWay::Lean),
            (self.debian.is_some(), ImageWay::Debian),
        ];
        ways.into_iter()
            .filter_map(|(described, way)| described.then_some(way))
    }
}

/// Kind of toolchain image.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema, Serialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum ImageWay {
    /// A ready-made image from a registry.
    Registry,
    /// Built from upstream's own Dockerfile.
    Upstream,
    /// Built from the recipe's own Dockerfile.
    Lean,
    /// A root file system from Debian's archive.
    Debian,
}

impl std::fmt::Display for ImageWay {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.serialize(formatter)
    }
}

/// A ready-made image from a registry.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RegistryImage {
    /// Name that upstream expects. The image is searched for under each mirror, then tagged with this name.
    pub name: Template,
    /// Values for upstream's build arguments in the name. `$NAME`, `${NAME}` and the bare word `NAME` are replaced.
    #[serde(default)]
    pub arguments: BTreeMap<VariableName, Template>,
    /// Further repositories, without a tag. They are tried after the name's own.
    #[serde(default)]
    pub also: Vec<ImageName>,
}

/// An image built from upstream's own Dockerfile.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct UpstreamImage {
    /// Path of the Dockerfile in the source tree.
    pub dockerfile: RelativePath,
    /// Build arguments.
    #[serde(default)]
    pub arguments: BTreeMap<VariableName, Template>,
}

/// A small image built from a Dockerfile in the recipe.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LeanImage {
    /// Base image, passed as the build argument `BASE`. Default: the base image of upstream's Dockerfile.
    #[serde(default)]
    #[schemars(extend("examples" = ["golang:1.12-stretch"]))]
    pub base: Option<ImageName>,
    /// Additional build arguments.
    #[serde(default)]
    pub arguments: BTreeMap<VariableName, Template>,
    /// Content of the Dockerfile.
    #[schemars(
        extend("examples" = ["ARG BASE\nFROM ${BASE}\nRUN apt-get update && apt-get install -y libseccomp-dev\n"])
    )]
    pub dockerfile: String,
}

/// A root file system of Debian packages.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DebianImage {
    /// Code name of the Debian release.
    pub suite: Name,
    /// Versions that this image can build. Default: all.
    #[serde(default)]
    pub versions: Option<VersionRange>,
    /// Packages to install in addition to Debian's essential ones.
    pub packages: Vec<DebianPackage>,
    /// Symbolic links to create, each with its target.
    #[serde(default)]
    pub links: BTreeMap<ContainerPath, ContainerPath>,
    /// Additional packages if the image runs an upstream script (`build.run-sh`).
    #[serde(default)]
    pub run_sh_packages: Vec<DebianPackage>,
    /// What to add for each architecture that is cross-compiled. That architecture is enabled in dpkg.
    #[serde(default)]
    pub cross: BTreeMap<Architecture, CrossPackages>,
    /// Environment variables of the image.
    #[serde(default)]
    #[schemars(extend("examples" = [{"PATH": "/usr/lib/go-1.15/bin:/usr/bin:/bin"}]))]
    pub environment: BTreeMap<VariableName, String>,
}

/// What to add to a root file system to cross-compile for another architecture.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CrossPackages {
    /// Additional packages.
    pub packages: Vec<DebianPackage>,
    /// Content of an apt preferences file that applies while packages are installed. Default: no such file.
    #[serde(default)]
    pub preferences: Option<String>,
}
