//! Errors of the library.

use std::path::PathBuf;

use thiserror::Error;

use crate::recipe::RecipeError;

/// A recipe that is not available.
#[derive(Debug, Error)]
pub enum LibraryError {
    /// There is no recipe of this name.
    #[error("there is no recipe `{name}`{}; available recipes: {known}", nearest.as_ref().map(|n| format!(" (did you mean `{n}`?)")).unwrap_or_default())]
    Unknown {
        /// The requested name.
        name: String,
        /// A similar name.
        nearest: Option<String>,
        /// All names.
        known: String,
    },
    /// The recipe is not valid.
    #[error("the recipe is not valid")]
    Refused(#[source] RecipeError),
    /// The file name of a recipe does not match the name in it.
    #[error("{file} contains recipe `{name}`; rename the file to {name}.yaml")]
    NameDiffers {
        /// The file.
        file: String,
        /// The name in it.
        name: String,
    },
    /// The file name of a recipe has the wrong extension.
    #[error("{} is not used as a recipe, because its name does not end in .yaml; rename it", path.display())]
    Ending {
        /// The file.
        path: PathBuf,
    },
    /// A file is too large to be a recipe or a patch.
    #[error("{} is too large for a recipe or a patch: more than {}", path.display(), bytesize::ByteSize(*limit))]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit, in bytes.
        limit: u64,
    },
    /// A file or directory of the user cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// The error of the system.
        #[source]
        source: std::io::Error,
    },
    /// The export would overwrite a file.
    #[error("{} already exists with different contents; nothing was written", path.display())]
    WouldOverwrite {
        /// The file.
        path: PathBuf,
    },
    /// A file could not be written.
    #[error("cannot write {}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        #[source]
        source: std::io::Error,
    },
}
