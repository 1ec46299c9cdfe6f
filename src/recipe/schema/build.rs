use std::collections::BTreeMap;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::network::Network;
use super::source::Condition;
use crate::recipe::names::{ContainerPath, ImageName, Name, RelativePath};
use crate::recipe::pattern::Pattern;
use crate::recipe::size::{ByteSize, Span};
use crate::recipe::template::Template;

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
    /// Files that are written beside the source.
    #[serde(default)]
    pub files: Vec<WrittenFile>,
    /// What the image's toolchain must be.
    #[serde(default)]
    pub toolchain: Option<ToolchainCheck>,
    /// Memory the build is known to need.
    #[serde(default)]
    pub memory: Option<ByteSize>,
    /// Room on the engine's disk that the build is known to need.
    #[serde(default)]
    pub disk: Option<ByteSize>,
    /// Longest time that all the steps together may take.
    pub timeout: Span,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// The other way to build: upstream's own script, which makes containers of its own.
    #[serde(default)]
    pub run_sh: Option<RunSh>,
}

/// A file that is written beside the source.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WrittenFile {
    /// Path relative to the work folder.
    pub path: RelativePath,
    /// Its text. Every value in it must be set.
    pub text: Template,
}

/// What the image's toolchain must be.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ToolchainCheck {
    /// Command that prints the version.
    pub command: Vec<String>,
    /// Where the version stands in what it prints.
    pub pattern: Pattern,
    /// The version that upstream builds with.
    pub version: Template,
}

/// Upstream's own build script in a driver container. The script makes an image and containers by the engine's
/// socket, and names all of them by a hash of its host's name and its folder.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RunSh {
    /// What must hold in a tree whose script can be run; all of it.
    #[serde(default)]
    pub when: Vec<Condition>,
    /// Folder in the driver container that the source is unpacked to and the script is run in.
    pub workdir: ContainerPath,
    /// The client that the script drives the engine with.
    pub client: EngineClient,
    /// Environment of every step.
    #[serde(default)]
    pub environment: BTreeMap<String, Template>,
    /// The steps, in order, instead of those of the build.
    pub steps: Vec<Step>,
    /// How what the script leaves behind is named, `{hash}` standing for the hash.
    pub leaves: Leaves,
}

/// A command-line client of the engine.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EngineClient {
    /// Image that has one, for a toolchain image without.
    pub image: ImageName,
    /// Repositories of that image, without a tag, that are tried after the name's own.
    #[serde(default)]
    pub also: Vec<ImageName>,
    /// Where it is in that image.
    pub path: ContainerPath,
    /// The first major version that the script no longer works with.
    pub below: u32,
}

/// Names of what a script leaves on the engine. Each is the beginning of the names.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Leaves {
    /// Containers.
    pub containers: Vec<String>,
    /// Images.
    pub images: Vec<String>,
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
    /// Program and arguments; no shell is put around them. One that is nothing but `{{name...}}` becomes one argument
    /// for each word of the value.
    pub command: Vec<Template>,
    /// Further environment.
    #[serde(default)]
    pub environment: BTreeMap<String, Template>,
}
