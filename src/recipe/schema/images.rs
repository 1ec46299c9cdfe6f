use std::collections::BTreeMap;

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::recipe::names::{Architecture, ContainerPath, ImageName, Name, RelativePath};
use crate::recipe::template::Template;
use crate::recipe::version::VersionRange;

/// Ways to the toolchain image.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Images {
    /// The way taken when the command line names none.
    pub default: Spanned<ImageWay>,
    /// Prefixes of registries to try, in order, after the registry in an image's own name.
    #[serde(default)]
    pub mirrors: Vec<String>,
    /// Registries that are gone, by the beginning of the names that they served, each with the registry that holds
    /// the same images now and is asked in its place.
    #[serde(default)]
    pub heirs: BTreeMap<String, String>,
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

impl std::fmt::Display for ImageWay {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Registry => "registry",
            Self::Upstream => "upstream",
            Self::Lean => "lean",
            Self::Debian => "debian",
        })
    }
}

/// A ready image from a registry.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RegistryImage {
    /// The name upstream expects; looked for under each mirror and then tagged so.
    pub name: Template,
    /// What stands for upstream's build arguments in the name: `$NAME`, `${NAME}` and the bare word `NAME` are
    /// replaced.
    #[serde(default)]
    pub arguments: BTreeMap<String, Template>,
    /// Repositories, without a tag, that are tried after the name's own.
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
    /// Versions that it can build; all when not given.
    #[serde(default)]
    pub versions: Option<VersionRange>,
    /// Packages beside the essential ones.
    pub packages: Vec<String>,
    /// Symbolic links, and where each leads.
    #[serde(default)]
    pub links: BTreeMap<ContainerPath, ContainerPath>,
    /// Further packages of an image that upstream's own build script is run in.
    #[serde(default)]
    pub run_sh_packages: Vec<String>,
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
