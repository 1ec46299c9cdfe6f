//! Recipes and patches: those in the binary and the user's own, each with its origin.

mod embedded;
mod error;
mod load;

pub use error::LibraryError;
pub use load::{Library, ListedRecipe, LoadedRecipe, Origin};
