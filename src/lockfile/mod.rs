//! The lock file of a release: the inputs as they were when it was written, which every later build must use.
//!
//! Values only: the commands read the file and the outside world.

mod drift;
mod parse;
mod types;

pub use drift::Drift;
pub use parse::{parse_lockfile, render_lockfile};
pub use types::{LOCKFILE_FORMAT, LockedImage, LockedSource, Lockfile};
