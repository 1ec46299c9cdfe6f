//! Why no plan can be made.

use thiserror::Error;

/// Why no plan can be made.
#[derive(Debug, Error)]
pub enum PlanError {
    /// The recipe does not build for the architecture.
    #[error("the recipe {recipe} does not build for {architecture}; it does for {known}")]
    Architecture {
        /// The recipe.
        recipe: String,
        /// The architecture asked for.
        architecture: String,
        /// Those the recipe lists.
        known: String,
    },
    /// The engine's processors cannot build for the target.
    #[error("the recipe {recipe} cannot build for {target} on an engine of architecture {engine}")]
    CrossBuild {
        /// The recipe.
        recipe: String,
        /// The architecture asked for.
        target: String,
        /// The engine's.
        engine: String,
    },
    /// This tree cannot be built for the architecture.
    #[error("{version} cannot be built for {architecture}: its tree has not {looked_for}")]
    ArchitectureOfTree {
        /// The version.
        version: String,
        /// The architecture asked for.
        architecture: String,
        /// What was looked for.
        looked_for: String,
    },
    /// This version cannot be cross-compiled for the architecture.
    #[error(
        "{version} cannot be cross-compiled for {architecture}: that is known to work for {versions}"
    )]
    CrossVersion {
        /// The version.
        version: String,
        /// The architecture asked for.
        architecture: String,
        /// The versions that can.
        versions: String,
    },
    /// Nothing in the recipe heeds an option.
    #[error("the recipe {recipe} knows no {option}")]
    Option {
        /// The recipe.
        recipe: String,
        /// The option as on the command line.
        option: &'static str,
    },
    /// This version does not have the target.
    #[error(
        "{version} has no target {target}{}; it has {known}",
        not_there(looked_for.as_deref())
    )]
    Target {
        /// The version.
        version: String,
        /// The target asked for.
        target: String,
        /// The path that would show it; `None` for a target that the recipe does not know.
        looked_for: Option<String>,
        /// Those it has.
        known: String,
    },
    /// The bootstrapped image cannot build the version.
    #[error(
        "the Debian {suite} image of the recipe {recipe} cannot build {version}: its toolchain is for {versions}"
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
    /// The name of the image that upstream builds in cannot be told.
    #[error("upstream's name for the image of {version} cannot be told: {reason}")]
    ImageName {
        /// The version.
        version: String,
        /// Why not.
        reason: String,
    },
    /// The script of this tree needs what the tool cannot give it.
    #[error("upstream's script of {version} cannot be run: its tree has not {looked_for}")]
    ScriptOfTree {
        /// The version.
        version: String,
        /// What was looked for.
        looked_for: String,
    },
    /// An output would be taken from outside the work folder.
    #[error("the path of the output {output} cannot be used: {reason}")]
    OutputPath {
        /// The output.
        output: String,
        /// Why not.
        reason: String,
    },
    /// A limit that upstream's own script does not pass on.
    #[error(
        "{option} cannot be kept with --via run-sh: upstream's script starts the container that compiles itself"
    )]
    LimitOfScript {
        /// The option as on the command line.
        option: &'static str,
    },
    /// A commit whose tag is no version, or without a known tag in a tree that does not tell its version.
    #[error("the version of commit {commit} is not known: {looked_for}")]
    UnknownVersion {
        /// The commit.
        commit: String,
        /// Where a version was looked for, as a sentence.
        looked_for: String,
    },
    /// The tree is of no class that the recipe knows.
    #[error("{version} fits no class of the recipe {recipe}:{looked_for}")]
    NoClass {
        /// The recipe.
        recipe: String,
        /// The version.
        version: String,
        /// Each class with what was looked for and not found.
        looked_for: String,
    },
    /// Such a tree must be patched, and there is no patch for it.
    #[error(
        "{version} of {recipe} is of the class {class}, which must be patched, and no source patch is for it"
    )]
    NoPatch {
        /// The recipe.
        recipe: String,
        /// The version.
        version: String,
        /// The class.
        class: String,
    },
    /// Nothing would be taken out of the build.
    #[error("none of the outputs of the recipe {recipe} is for {version}")]
    NoOutputs {
        /// The recipe.
        recipe: String,
        /// The version.
        version: String,
    },
    /// The version needs no build of this kind.
    #[error("not needed: {version} of {recipe}: {reason}")]
    NotNeeded {
        /// The recipe.
        recipe: String,
        /// The version.
        version: String,
        /// The recipe's reason.
        reason: String,
    },
    /// The recipe does not describe the way to the image.
    #[error("the recipe {recipe} describes no image of the kind `{way}`; it describes {known}")]
    ImageWay {
        /// The recipe.
        recipe: String,
        /// The way asked for.
        way: String,
        /// Those the recipe describes.
        known: String,
    },
    /// The tree has no Dockerfile to take the base image from.
    #[error("{version} has no {dockerfile} that names an image to start from")]
    NoBaseImage {
        /// The version.
        version: String,
        /// Path of the Dockerfile.
        dockerfile: String,
    },
    /// A text that must be there names an unset value.
    #[error("{place} names a value that is unset for {version}: {names}")]
    Unset {
        /// Where it stands.
        place: String,
        /// The version.
        version: String,
        /// The names in it.
        names: String,
    },
}

fn not_there(path: Option<&str>) -> String {
    path.map(|path| format!(" (no {path} in its tree)"))
        .unwrap_or_default()
}
