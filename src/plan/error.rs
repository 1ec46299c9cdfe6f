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
