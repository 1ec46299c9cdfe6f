//! Why no plan can be made.

use std::fmt;

use thiserror::Error;

use crate::recipe::ImageWay;

/// Why no plan can be made.
#[derive(Debug, Error)]
pub enum PlanError {
    /// The recipe does not build for the architecture.
    #[error("recipe {recipe} does not support {architecture}; supported architectures: {known}")]
    Architecture {
        /// The recipe.
        recipe: String,
        /// The requested architecture.
        architecture: String,
        /// The architectures that the recipe supports.
        known: String,
    },
    /// The engine's machine cannot build for the target.
    #[error(
        "recipe {recipe} cannot build for {target} on an engine with the architecture {engine}"
    )]
    CrossBuild {
        /// The recipe.
        recipe: String,
        /// The requested architecture.
        target: String,
        /// The engine's architecture.
        engine: String,
    },
    /// This source tree cannot be built for the architecture.
    #[error(
        "{version} cannot be built for {architecture}, which requires a source tree with {looked_for}"
    )]
    ArchitectureOfTree {
        /// The version.
        version: String,
        /// The requested architecture.
        architecture: String,
        /// What was not found.
        looked_for: String,
    },
    /// This version cannot be cross-compiled for the architecture.
    #[error(
        "{version} cannot be cross-compiled for {architecture}; supported versions: {versions}"
    )]
    CrossVersion {
        /// The version.
        version: String,
        /// The requested architecture.
        architecture: String,
        /// The versions that can.
        versions: String,
    },
    /// Nothing in the recipe uses a requested option.
    #[error("recipe {recipe} does not support {option}: {reason}")]
    Option {
        /// The recipe.
        recipe: String,
        /// The option.
        option: RequestedOption,
        /// Why not.
        reason: &'static str,
    },
    /// This version does not have the target.
    #[error(
        "{version} has no target {target}{}; available targets: {known}",
        not_there(looked_for.as_deref())
    )]
    Target {
        /// The version.
        version: String,
        /// The requested target.
        target: String,
        /// The path that was looked for; `None` for a target that the recipe does not define.
        looked_for: Option<String>,
        /// The available targets.
        known: String,
    },
    /// The engine has only the container that the tool runs in, and another image was asked for.
    #[error("the build runs in the container that kmembuild runs in, so it cannot use {asked}")]
    InContainer {
        /// What was asked for.
        asked: RequestedImage,
    },
    /// The bootstrapped image cannot build the version.
    #[error(
        "the Debian {suite} image of recipe {recipe} cannot build {version}; supported versions: {versions}"
    )]
    DebianImage {
        /// Code name of the release.
        suite: String,
        /// The recipe.
        recipe: String,
        /// The version.
        version: String,
        /// The versions that it can build.
        versions: String,
    },
    /// Upstream's name for its build image is unknown.
    #[error("could not determine upstream's name for the build image of {version}: {reason}")]
    ImageName {
        /// The version.
        version: String,
        /// Why not.
        reason: String,
    },
    /// The script of this source tree cannot be run.
    #[error(
        "upstream's build script of {version} cannot be run, because that requires a source tree with {looked_for}"
    )]
    ScriptOfTree {
        /// The version.
        version: String,
        /// What was not found.
        looked_for: String,
    },
    /// The path of an output leads out of the working directory.
    #[error("the path of output {output} is invalid: {reason}")]
    OutputPath {
        /// The output.
        output: String,
        /// Why not.
        reason: String,
    },
    /// A limit that upstream's own script does not pass on.
    #[error(
        "{limit} cannot be enforced in a build with upstream's script, which starts its own containers"
    )]
    LimitOfScript {
        /// The limit.
        limit: ScriptLimit,
    },
    /// The version of a commit is unknown: its tag is not a version, or no known tag points to it and its tree does
    /// not contain a version.
    #[error("could not determine the version of commit {commit}: {looked_for}")]
    UnknownVersion {
        /// The commit.
        commit: String,
        /// Where a version was looked for, as a sentence.
        looked_for: String,
    },
    /// The tree is of no class that the recipe defines.
    #[error("{version} does not match any class of recipe {recipe}:{looked_for}")]
    NoClass {
        /// The recipe.
        recipe: String,
        /// The version.
        version: String,
        /// Each class, with what was not found.
        looked_for: String,
    },
    /// Such a tree must be patched, and the recipe has no patch for it.
    #[error(
        "{version} of {recipe} is in the class {class}, which must be patched, but the recipe has no source patch for it"
    )]
    NoPatch {
        /// The recipe.
        recipe: String,
        /// The version.
        version: String,
        /// The class.
        class: String,
    },
    /// The recipe has no output for the version.
    #[error("recipe {recipe} has no output for {version}")]
    NoOutputs {
        /// The recipe.
        recipe: String,
        /// The version.
        version: String,
    },
    /// The version does not need such a build.
    #[error("{version} of {recipe} does not need to be built: {reason}")]
    NotNeeded {
        /// The recipe.
        recipe: String,
        /// The version.
        version: String,
        /// The recipe's reason.
        reason: String,
    },
    /// The recipe does not describe this kind of image.
    #[error("recipe {recipe} has no `{way}` image; available images: {known}")]
    ImageWay {
        /// The recipe.
        recipe: String,
        /// The requested kind.
        way: String,
        /// The kinds that the recipe describes.
        known: String,
    },
    /// The tree has no Dockerfile that defines the base image.
    #[error(
        "no base image was found for {version}: its source tree has no {dockerfile} with a FROM line"
    )]
    NoBaseImage {
        /// The version.
        version: String,
        /// Path of the Dockerfile.
        dockerfile: String,
    },
    /// A required text uses an unset value.
    #[error("{place} needs a value that is not set for {version}: {names}")]
    Unset {
        /// The text.
        place: String,
        /// The version.
        version: String,
        /// The unset values.
        names: String,
    },
}

/// An option of a build that the recipe must support.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestedOption {
    /// Statically linked binaries.
    Static,
    /// A build that needs less memory.
    LowMemory,
    /// Everything that the build makes.
    AllOutputs,
    /// Additional flags for the Go commands.
    GoFlags,
    /// Another toolchain version than upstream's.
    Toolchain,
    /// Upstream's own build script.
    RunSh,
    /// Targets.
    Targets,
    /// A place to fetch the source from.
    Source,
    /// Fetching the source again.
    Refresh,
    /// Tags without a pin.
    Unpinned,
    /// Versions that do not need to be built.
    Force,
    /// Registries to look for images in.
    Mirrors,
    /// A mirror of Debian's archive.
    DebianMirror,
    /// A number of compiler processes.
    Jobs,
    /// The highest version of the GNU C library.
    GlibcFloor,
    /// A check that runs the output.
    RunCheck,
}

impl RequestedOption {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Static,
        Self::LowMemory,
        Self::AllOutputs,
        Self::GoFlags,
        Self::Toolchain,
        Self::RunSh,
        Self::Targets,
        Self::Source,
        Self::Refresh,
        Self::Unpinned,
        Self::Force,
        Self::Mirrors,
        Self::DebianMirror,
        Self::Jobs,
        Self::GlibcFloor,
        Self::RunCheck,
    ];
}

impl fmt::Display for RequestedOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Static => "a choice of static linking",
            Self::LowMemory => "low-memory builds",
            Self::AllOutputs => "additional outputs",
            Self::GoFlags => "additional Go flags",
            Self::Toolchain => "a choice of the toolchain version",
            Self::RunSh => "builds with upstream's script",
            Self::Targets => "a choice of targets",
            Self::Source => "a choice of the source",
            Self::Refresh => "fetching the source again",
            Self::Unpinned => "unpinned tags",
            Self::Force => "builds that are not needed",
            Self::Mirrors => "mirrors of registries",
            Self::DebianMirror => "mirrors of Debian's archive",
            Self::Jobs => "a limit of compiler processes",
            Self::GlibcFloor => "a choice of the glibc version",
            Self::RunCheck => "a check by running the output",
        })
    }
}

/// A limit that upstream's own script does not pass on to the containers that it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScriptLimit {
    /// Memory.
    Memory,
    /// Processors.
    Cpus,
}

impl fmt::Display for ScriptLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "a memory limit",
            Self::Cpus => "a processor limit",
        })
    }
}

fn not_there(path: Option<&str>) -> String {
    path.map(|path| format!(" (its source tree has no {path})"))
        .unwrap_or_default()
}

/// An image that was asked for expressly.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RequestedImage {
    /// By the way to it.
    #[error("the {0} image of the recipe")]
    Way(ImageWay),
    /// By its name in a registry.
    #[error("image {0}")]
    Name(String),
    /// In an archive, by its id.
    #[error("image {0} from the archive")]
    Archive(String),
}
