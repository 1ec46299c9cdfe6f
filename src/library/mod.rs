//! Recipes and patches: those in the binary and the user's own, and where each came from.

mod embedded;
mod error;
mod load;

pub use error::LibraryError;
pub use load::{Library, Listed, LoadedRecipe, Origin};
