//! The lock file of a release: what its inputs were when somebody looked, and must be from then on.
//!
//! Values only; reading the world and the file is the commands' work.

mod drift;
mod parse;
mod types;

pub use drift::Drift;
pub use parse::{parse_lockfile, render_lockfile};
pub use types::{LOCKFILE_FORMAT, LockedImage, LockedSource, Lockfile};
