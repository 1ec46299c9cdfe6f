//! Stores results by content key: what was built once is published again without building.
//!
//! An entry is a directory named by its content key ([`crate::plan::Plan::content_key`]). It contains the files of a result
//! and a list of their digests, which is compared with the files each time they are taken. The list is sealed with a secret
//! of the cache, so that a changed entry cannot describe itself. So is the record of what images give to builds, which is part
//! of content keys.

mod entry;
mod images;
mod last_build;
mod list;
mod place;
mod prune;
mod results;
mod secret;
mod stamp;

pub use entry::{ENTRY, ENTRY_FORMAT, Entry, EntryFile, file_sha256};
pub use images::KnownImages;
pub use last_build::{LastBuild, PastBuilds};
pub use list::{ListedResult, Listing};
pub use place::place_file;
pub use prune::{Limits, Pruned};
pub use results::{Damage, Removal, Results, TakeError};
pub use stamp::Stamps;
