//! The plan: values only, without host paths or times of the present.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::known_holes::KnownHoles;
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
    /// Name of the version: the tag, or the first digits of a commit that no tag points to.
    pub version: String,
    /// Target operating system and architecture, `linux-amd64`.
    pub platform: String,
    /// Target architecture in Go's terms.
    pub architecture: String,
    /// Class of the source tree.
    pub class: Option<String>,
    /// Targets to build; empty if the recipe has no targets.
    pub targets: Vec<String>,
    /// The source.
    pub source: PlannedSource,
    /// The toolchain image.
    pub image: PlannedImage,
    /// What is run.
    pub build: PlannedBuild,
    /// The files that are published.
    pub outputs: Vec<PlannedOutput>,
    /// Directories whose files are all published too.
    pub further_outputs: Vec<String>,
    /// Known holes of this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_holes: Option<KnownHoles>,
    /// What the recipe remarks on this version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// Warnings for the user.
    pub warnings: Vec<String>,
}

/// The exact recipe.
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
        /// Tag that points to the commit.
        tag: Option<String>,
        /// The commit.
        commit: String,
        /// Its tree, before patching.
        tree: String,
        /// Modification time of every file in the container, in seconds since the Unix epoch.
        modified: i64,
        /// Patches to the source, in order.
        patches: Vec<PlannedPatch>,
    },
    /// A directory of the image.
    #[serde(rename_all = "kebab-case")]
    Directory {
        /// The directory.
        path: String,
        /// Package that installs it.
        package: String,
    },
}

/// A patch.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedPatch {
    /// Path below the `patches` directory.
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
        /// Images that it starts from.
        bases: Vec<BaseImage>,
        /// Path of the Dockerfile in its context.
        dockerfile: String,
        /// Text of the Dockerfile if it is the recipe's. Otherwise the build context is the source tree.
        text: Option<String>,
        /// Patches to the context, in order.
        patches: Vec<PlannedPatch>,
        /// Build arguments.
        arguments: BTreeMap<String, String>,
        /// Sha256 of all of the above and the source tree.
        identity: String,
    },
    /// A root file system of Debian packages.
    Debian(PlannedDebian),
    /// An image from an archive that the user provided.
    #[serde(rename_all = "kebab-case")]
    Archive {
        /// Config digest of the image in it.
        image_id: String,
    },
    /// The container that the tool runs in.
    #[serde(rename_all = "kebab-case")]
    Container {
        /// Digest of its image, `sha256:...`, as the user or the runner of the job knows it; `None` if nobody does.
        identity: Option<String>,
    },
}

impl PlannedImage {
    /// The identity as it is written in the plan; `None` for an image that is not made here. Nobody takes a plan that is
    /// read back at its word: see [`Plan::image_identity`].
    pub fn identity(&self) -> Option<&str> {
        match self {
            Self::Dockerfile { identity, .. } => Some(identity),
            Self::Debian(debian) => Some(&debian.identity),
            Self::Registry(_) | Self::Archive { .. } | Self::Container { .. } => None,
        }
    }
}

/// A root file system of Debian packages.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedDebian {
    /// Code name of the release.
    pub suite: String,
    /// Architectures, with the engine's own first.
    pub architectures: Vec<String>,
    /// Packages, in addition to the essential ones.
    pub packages: Vec<String>,
    /// Text of an apt preferences file that is used while packages are selected.
    pub preferences: Option<String>,
    /// Symbolic links and their targets.
    pub links: BTreeMap<String, String>,
    /// Environment variables of the image.
    pub environment: BTreeMap<String, String>,
    /// Sha256 of all of the above.
    pub identity: String,
}

/// An image that is pulled.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct BaseImage {
    /// The name that upstream uses; the image is tagged with it.
    pub name: String,
    /// References to pull, tried in order.
    pub candidates: Vec<String>,
}

/// What is run in the image.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedBuild {
    /// Directory that the steps are run in.
    pub workdir: String,
    /// Network of the container.
    pub network: Network,
    /// Directories that are kept from build to build.
    pub caches: Vec<PlannedCache>,
    /// Files that are written into the working directory, next to the source.
    pub files: Vec<PlannedFile>,
    /// Check of the image's toolchain.
    pub toolchain: Option<PlannedToolchain>,
    /// What the build needs.
    pub needs: Needs,
    /// Limits of the container.
    pub limits: Limits,
    /// How upstream's build is run.
    pub via: Via,
    /// What upstream's own script needs; `None` if it is not run.
    pub script: Option<PlannedScript>,
    /// The steps, in order.
    pub steps: Vec<PlannedStep>,
}

/// How upstream's build is run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// Upstream's make, in the toolchain image.
    #[default]
    Make,
    /// Upstream's own script, which starts its own containers.
    RunSh,
}

/// A file that is written into the working directory, next to the source.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedFile {
    /// Path relative to the working directory.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// Check of the image's toolchain.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedToolchain {
    /// Command that prints the version.
    pub command: Vec<String>,
    /// Regular expression whose capture group selects the version in what the command prints.
    pub pattern: String,
    /// The version that upstream builds with.
    pub version: String,
    /// A version, or its first parts, that the user accepts instead.
    pub allowed: Option<String>,
}

/// What a build needs. Used for warnings only; not enforced.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Needs {
    /// Memory, in bytes.
    pub memory: Option<u64>,
    /// Space on the engine's disk, in bytes.
    pub disk: Option<u64>,
    /// Whether a low-memory build is possible and was not requested.
    pub could_save_memory: bool,
}

/// The environment that upstream's own script needs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedScript {
    /// The name by which it looks up the toolchain image.
    pub image_name: String,
    /// Image that contains a client of the engine.
    pub client: BaseImage,
    /// Path of the client in that image.
    pub client_path: String,
    /// The first major version of the client that the script does not work with.
    pub client_below: u32,
    /// Prefixes of the names of containers that it leaves behind; `{hash}` stands for its hash.
    pub containers: Vec<String>,
    /// The same for images.
    pub images: Vec<String>,
}

/// A directory that is kept from build to build in a named volume.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedCache {
    /// Name; it is part of the volume's name.
    pub name: String,
    /// The directory in the container.
    pub path: String,
}

/// Limits of the build container.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Limits {
    /// Memory, in bytes.
    pub memory: Option<u64>,
    /// Processors, in billionths of one.
    pub nano_cpus: Option<i64>,
    /// Time limit for all steps together, in seconds.
    pub timeout_seconds: u64,
}

/// One command.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedStep {
    /// Name, used in messages.
    pub name: String,
    /// Program and arguments.
    pub command: Vec<String>,
    /// Environment variables, in addition to the image's.
    pub environment: BTreeMap<String, String>,
}

/// A file that is published and checked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedOutput {
    /// Absolute path in the container.
    pub path: String,
    /// File name that it is published under.
    pub name: String,
    /// What must hold for it.
    pub expectations: Expectations,
}
