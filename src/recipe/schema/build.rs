use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::network::Network;
use super::source::Condition;
use crate::recipe::names::{
    ContainerPath, ImageName, LeftoverName, Name, RelativePath, VariableName,
};
use crate::recipe::pattern::Pattern;
use crate::recipe::size::{ByteSize, TimeSpan};
use crate::recipe::template::Template;

/// How the outputs are built: what runs in the toolchain image.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Build {
    /// Directory in the container where the source is unpacked and the steps run. Required for a git source.
    /// Default: for a source in the image, its directory.
    #[serde(default)]
    pub workdir: Option<ContainerPath>,
    /// Network access of the container.
    pub network: Network,
    /// Environment variables of every step. A variable with an unset value is left out.
    #[serde(default)]
    pub environment: BTreeMap<VariableName, Template>,
    /// Directories that are kept from build to build, in named volumes of the engine.
    #[serde(default)]
    pub caches: Vec<CacheFolder>,
    /// Files to write into the work directory before the first step.
    #[serde(default)]
    pub files: Vec<WrittenFile>,
    /// The toolchain version that the image must have. Default: not checked.
    #[serde(default)]
    pub toolchain: Option<ToolchainCheck>,
    /// Memory that the build needs. The build warns when the engine has less. Default: unknown.
    #[serde(default)]
    pub memory: Option<ByteSize>,
    /// Disk space that the build needs on the engine. The build warns when less is free. Default: unknown.
    #[serde(default)]
    pub disk: Option<ByteSize>,
    /// Time limit for all steps together.
    pub timeout: TimeSpan,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// A second way to build: an upstream script that starts containers itself. Default: not available.
    #[serde(default)]
    pub run_sh: Option<RunSh>,
}

/// A file to write into the work directory before the first step.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WrittenFile {
    /// Path, relative to the work directory.
    pub path: RelativePath,
    /// Content of the file. Every value in it must be set.
    pub text: Template,
}

/// The toolchain version that the image must have. A different version stops the build with exit code 17.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ToolchainCheck {
    /// Command that prints the version.
    pub command: Vec<String>,
    /// Finds the version in the output of the command.
    pub pattern: Pattern,
    /// The required version.
    pub version: Template,
}

/// An upstream build script that drives the engine from a container. The script builds an image and starts
/// containers through the engine's socket. It derives their names from a hash of its host name and directory.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RunSh {
    /// Conditions that a tree must meet, all of them, for its script to be used.
    #[serde(default)]
    pub when: Vec<Condition>,
    /// Directory in the driver container where the source is unpacked and the script runs.
    pub workdir: ContainerPath,
    /// The engine's command-line client for the script.
    pub client: EngineClient,
    /// Environment variables of every step. A variable with an unset value is left out.
    #[serde(default)]
    pub environment: BTreeMap<VariableName, Template>,
    /// The steps, in order. They replace the steps of the build.
    pub steps: Vec<Step>,
    /// Names of the containers and images that the script leaves behind. `{hash}` stands for the hash.
    pub leaves: Leaves,
}

/// The engine's command-line client for an upstream script.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EngineClient {
    /// Image to take the client from if the toolchain image has none.
    pub image: ImageName,
    /// Further repositories of that image, without a tag. They are tried after its own.
    #[serde(default)]
    pub also: Vec<ImageName>,
    /// Path of the client in that image.
    pub path: ContainerPath,
    /// First major version of the client that no longer works with the script.
    pub below: u32,
}

/// Names of what a script leaves on the engine. Each is the start of a name.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Leaves {
    /// Starts of container names.
    pub containers: Vec<LeftoverName>,
    /// Starts of image names.
    pub images: Vec<LeftoverName>,
}

/// A directory that is kept from build to build.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CacheFolder {
    /// Name of the cache. It is part of the volume's name.
    #[schemars(with = "Name")]
    pub name: Spanned<Name>,
    /// Directory in the container.
    #[schemars(with = "ContainerPath")]
    pub path: Spanned<ContainerPath>,
}

/// One command of a build.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Step {
    /// Name, shown while the step runs and in messages.
    #[schemars(with = "Name")]
    pub name: Spanned<Name>,
    /// Program and arguments. No shell is involved. An argument with an unset value is left out.
    pub command: Vec<Template>,
    /// Additional environment variables of this step.
    #[serde(default)]
    #[schemars(extend("examples" = [{"CGO_ENABLED": "0"}]))]
    pub environment: BTreeMap<VariableName, Template>,
}
