//! How recipes can fail to be had.

use std::path::PathBuf;

use thiserror::Error;

use crate::recipe::RecipeError;

/// A recipe that cannot be had.
#[derive(Debug, Error)]
pub enum LibraryError {
    /// No recipe has the name.
    #[error("there is no recipe `{name}`{}; there are {known}", nearest.as_ref().map(|n| format!(", did you mean `{n}`?")).unwrap_or_default())]
    Unknown {
        /// The name asked for.
        name: String,
        /// A name that is alike.
        nearest: Option<String>,
        /// All names.
        known: String,
    },
    /// The recipe is refused.
    #[error("the recipe is refused")]
    Refused(#[source] RecipeError),
    /// A recipe's file and the name in it differ.
    #[error("{file} holds a recipe named `{name}`; the file must be named {name}.yaml")]
    NameDiffers {
        /// The file.
        file: String,
        /// The name in it.
        name: String,
    },
    /// A recipe's file is not named as such files are.
    #[error("{} is not read as a recipe: its name must end in .yaml", path.display())]
    Ending {
        /// The file.
        path: PathBuf,
    },
    /// A file is larger than any recipe or patch.
    #[error("{} is larger than {}, which no recipe and no patch is", path.display(), bytesize::ByteSize(*limit))]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Most bytes that are read.
        limit: u64,
    },
    /// A file or folder of the user's cannot be read.
    #[error("{} could not be read", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Exporting would overwrite a file.
    #[error("{} is already there and differs; nothing was written", path.display())]
    WouldOverwrite {
        /// The file.
        path: PathBuf,
    },
    /// A file could not be written.
    #[error("{} could not be written", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}
