//! Recipes that are refused, as a user meets them: what `kmembuild recipes check` says, and exit code 10.
//!
//! The texts are below `tests/golden/recipes`, one block a mistake.

mod advisories;
mod fields;
mod files;
mod package;
mod pins;
pub mod small;
mod texts;
mod values;
mod versions;
mod whole;
