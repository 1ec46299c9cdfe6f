use std::collections::BTreeMap;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::source::Condition;
use crate::engine::Network;
use crate::recipe::names::{ContainerPath, ImageName, Name, RelativePath};
use crate::recipe::pattern::Pattern;
use crate::recipe::size::{ByteSize, TimeSpan};
use crate::recipe::template::Template;

/// What is run in the toolchain image.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Build {
    /// Directory in the container that the source is unpacked to and the steps are run in. Required for a git source;
    /// for a source that is a directory of the image, the default is that directory.
    #[serde(default)]
    pub workdir: Option<ContainerPath>,
    /// Network of the container.
    pub network: Network,
    /// Environment of every step.
    #[serde(default)]
    pub environment: BTreeMap<String, Template>,
    /// Directories that are kept from build to build, in named volumes of the engine.
    #[serde(default)]
    pub caches: Vec<CacheFolder>,
    /// Files that are written into the working directory, next to the source.
    #[serde(default)]
    pub files: Vec<WrittenFile>,
    /// Check of the image's toolchain.
    #[serde(default)]
    pub toolchain: Option<ToolchainCheck>,
    /// Memory that the build needs.
    #[serde(default)]
    pub memory: Option<ByteSize>,
    /// Space on the engine's disk that the build needs.
    #[serde(default)]
    pub disk: Option<ByteSize>,
    /// Time limit for all steps together.
    pub timeout: TimeSpan,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// The other way to build: upstream's own script, which starts its own containers.
    #[serde(default)]
    pub run_sh: Option<RunSh>,
}

/// A file that is written into the working directory, next to the source.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WrittenFile {
    /// Path relative to the working directory.
    pub path: RelativePath,
    /// The text. Every value in it must be set.
    pub text: Template,
}

/// Check of the image's toolchain.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ToolchainCheck {
    /// Command that prints the version.
    pub command: Vec<String>,
    /// Pattern of the version in what the command prints.
    pub pattern: Pattern,
    /// The version that upstream builds with.
    pub version: Template,
}

/// Upstream's own build script, run in a driver container. The script uses the engine's socket to make an image and
/// containers, and puts a hash of its host name and its directory in their names.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RunSh {
    /// Conditions for a source tree whose script can be run; all must hold.
    #[serde(default)]
    pub when: Vec<Condition>,
    /// Directory in the driver container that the source is unpacked to and the script is run in.
    pub workdir: ContainerPath,
    /// The client that the script controls the engine with.
    pub client: EngineClient,
    /// Environment of every step.
    #[serde(default)]
    pub environment: BTreeMap<String, Template>,
    /// The steps, in order. They replace those of the build.
    pub steps: Vec<Step>,
    /// Names of what the script leaves behind; `{hash}` stands for the hash.
    pub leaves: Leaves,
}

/// A command-line client of the engine.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EngineClient {
    /// Image that contains the client; used if the toolchain image has none.
    pub image: ImageName,
    /// Other repositories of that image, without a tag, that are tried after the image's own.
    #[serde(default)]
    pub also: Vec<ImageName>,
    /// Path of the client in that image.
    pub path: ContainerPath,
    /// The first major version that the script does not work with.
    pub below: u32,
}

/// Names of what a script leaves on the engine; each is a prefix.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Leaves {
    /// Containers.
    pub containers: Vec<String>,
    /// Images.
    pub images: Vec<String>,
}

/// A directory that is kept from build to build.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CacheFolder {
    /// Name; it is part of the volume's name.
    pub name: Spanned<Name>,
    /// The directory in the container.
    pub path: Spanned<ContainerPath>,
}

/// One command.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Step {
    /// Name, used in messages.
    pub name: Spanned<Name>,
    /// Program and arguments; they are not passed through a shell. An argument that consists of `{{name...}}` alone
    /// becomes one argument for each word of the value.
    pub command: Vec<Template>,
    /// Environment variables of this step.
    #[serde(default)]
    pub environment: BTreeMap<String, Template>,
}
