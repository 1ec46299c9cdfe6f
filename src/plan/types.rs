//! The plan: values only, no host path, no clock.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::recipe::{ImageWay, Network};
use crate::verify::Expectations;

/// Version of the plan's serialised form.
pub const PLAN_FORMAT: u32 = 2;

/// Everything that is needed to build one version for one platform.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Plan {
    /// [`PLAN_FORMAT`].
    pub format: u32,
    /// The recipe.
    pub recipe: RecipeIdentity,
    /// Name of the version: the tag, or the first digits of a commit without one.
    pub version: String,
    /// Target operating system and architecture, `linux-amd64`.
    pub platform: String,
    /// Target architecture in Go's terms.
    pub architecture: String,
    /// Class of the source tree.
    pub class: Option<String>,
    /// What is built of the source; none where the recipe knows no targets.
    pub targets: Vec<String>,
    /// The source.
    pub source: PlannedSource,
    /// The toolchain image.
    pub image: PlannedImage,
    /// What is run.
    pub build: PlannedBuild,
    /// What is taken out.
    pub outputs: Vec<PlannedOutput>,
    /// Folders of which all files are taken out as well.
    pub further_outputs: Vec<String>,
    /// What the user should know before it is built.
    pub warnings: Vec<String>,
}

/// Which recipe, to the byte.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RecipeIdentity {
    /// Name.
    pub name: String,
    /// Sha256 of its text.
    pub sha256: String,
}

/// The source that is compiled.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlannedSource {
    /// A commit of a git repository.
    #[serde(rename_all = "kebab-case")]
    Git {
        /// Tag that names the commit.
        tag: Option<String>,
        /// The commit.
        commit: String,
        /// Its tree, before patches.
        tree: String,
        /// Modification time of every file in the container, in seconds since the Unix epoch.
        modified: i64,
        /// Patches to what is compiled, in order.
        patches: Vec<PlannedPatch>,
    },
    /// A folder of the image.
    #[serde(rename_all = "kebab-case")]
    Folder {
        /// The folder.
        path: String,
        /// Package that brings it.
        package: String,
    },
}

/// A patch that is applied.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedPatch {
    /// File below the patches folder.
    pub file: String,
    /// Sha256 of the file.
    pub sha256: String,
    /// Why it is applied.
    pub summary: String,
}

/// The toolchain image.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlannedImage {
    /// A ready image.
    #[serde(rename_all = "kebab-case")]
    Registry(BaseImage),
    /// An image built from a Dockerfile.
    #[serde(rename_all = "kebab-case")]
    Dockerfile {
        /// Upstream's Dockerfile, or the recipe's lean one.
        way: ImageWay,
        /// Images it starts from.
        bases: Vec<BaseImage>,
        /// Path of the Dockerfile in its context.
        dockerfile: String,
        /// Text of the Dockerfile where the recipe holds it; otherwise the context is the source tree.
        text: Option<String>,
        /// Patches to the context, in order.
        patches: Vec<PlannedPatch>,
        /// Build arguments.
        arguments: BTreeMap<String, String>,
        /// Sha256 of all of the above and the source tree.
        identity: String,
    },
    /// A root file system of Debian packages.
    #[serde(rename_all = "kebab-case")]
    Debian {
        /// Code name of the release.
        suite: String,
        /// Architectures, the engine's own first.
        architectures: Vec<String>,
        /// Packages beside the essential ones.
        packages: Vec<String>,
        /// Text of an apt preferences file that is in force while packages are chosen.
        preferences: Option<String>,
        /// Symbolic links, and where each leads.
        links: BTreeMap<String, String>,
        /// Environment variables of the image.
        environment: BTreeMap<String, String>,
        /// Sha256 of all of the above.
        identity: String,
    },
    /// An image out of an archive that the user gave.
    #[serde(rename_all = "kebab-case")]
    Archive {
        /// Config digest of the image in it.
        image_id: String,
    },
}

/// An image that is pulled.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct BaseImage {
    /// The name that upstream expects, and that it is tagged with.
    pub name: String,
    /// References to pull, tried in order.
    pub candidates: Vec<String>,
}

/// What is run in the image.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedBuild {
    /// Folder the steps are run in.
    pub workdir: String,
    /// Network of the container.
    pub network: Network,
    /// Folders kept from build to build.
    pub caches: Vec<PlannedCache>,
    /// Files written beside the source.
    pub files: Vec<PlannedFile>,
    /// What the image's toolchain must be.
    pub toolchain: Option<PlannedToolchain>,
    /// What the build is known to need.
    pub needs: Needs,
    /// Limits of the container.
    pub limits: Limits,
    /// How upstream's build is run.
    pub via: Via,
    /// What upstream's own script needs; only when it is run.
    pub script: Option<PlannedScript>,
    /// The steps, in order.
    pub steps: Vec<PlannedStep>,
}

/// How upstream's build is run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// Its make, in the toolchain image.
    #[default]
    Make,
    /// Its own script, which makes containers itself.
    RunSh,
}

/// A file that is written beside the source.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedFile {
    /// Path relative to the work folder.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// What the image's toolchain must be.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedToolchain {
    /// Command that prints the version.
    pub command: Vec<String>,
    /// Regular expression whose group holds the version in what the command prints.
    pub pattern: String,
    /// The version that upstream builds with.
    pub version: String,
    /// The version, whole or its first parts, that the user accepts instead.
    pub allowed: Option<String>,
}

/// What a build is known to need; only told, never enforced.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Needs {
    /// Memory, in bytes.
    pub memory: Option<u64>,
    /// Room on the engine's disk, in bytes.
    pub disk: Option<u64>,
    /// Whether the build could be told to do with less memory, and is not.
    pub could_save_memory: bool,
}

/// What upstream's own script needs around it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedScript {
    /// The name under which it looks for the toolchain image.
    pub image_name: String,
    /// Image that has a client of the engine.
    pub client: BaseImage,
    /// Where the client is in that image.
    pub client_path: String,
    /// The first major version of the client that the script no longer works with.
    pub client_below: u32,
    /// Beginnings of the names of containers that it leaves, `{hash}` standing for its hash.
    pub containers: Vec<String>,
    /// The same for images.
    pub images: Vec<String>,
}

/// A folder kept from build to build in a named volume.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedCache {
    /// Name, part of the volume's name.
    pub name: String,
    /// The folder in the container.
    pub path: String,
}

/// Limits of the build container.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Limits {
    /// Most memory, in bytes.
    pub memory: Option<u64>,
    /// Processors, in billionths of one.
    pub nano_cpus: Option<i64>,
    /// Longest time of all the steps together, in seconds.
    pub timeout_seconds: u64,
}

/// One command.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedStep {
    /// Name, for messages.
    pub name: String,
    /// Program and arguments.
    pub command: Vec<String>,
    /// Environment, added to the image's own.
    pub environment: BTreeMap<String, String>,
}

/// A file that is taken out and checked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedOutput {
    /// Absolute path in the container.
    pub path: String,
    /// File name it is published under.
    pub name: String,
    /// What must hold for it.
    pub expectations: Expectations,
}
