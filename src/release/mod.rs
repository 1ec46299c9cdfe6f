//! The release file: the recipes, versions and architectures of a release. Pure: text in, targets out.

mod matrix;
mod options;
mod parse;
mod schema;

pub use matrix::{KnownTags, Target, expand};
pub use options::Options;
pub use parse::{json_schema, parse_release};
pub use schema::{Defaults, Exclude, Include, RELEASE_FORMAT, Release, TargetEntry};
