//! Results by what decides over their bytes: what was built once is published again without being built.
//!
//! An entry is a folder named by its content key ([`crate::plan::Plan::content_key`]). It holds the files of a result
//! and a list of them with their digests, which are held against the files each time they are taken.

mod entry;
mod list;
mod place;
mod prune;
mod results;
mod stamp;

pub use entry::{ENTRY, ENTRY_FORMAT, Entry, EntryFile, file_sha256};
pub use list::{ListedResult, Listing};
pub use place::place_file;
pub use prune::{Limits, Pruned};
pub use results::{Damage, Removal, Results, TakeError};
pub use stamp::Stamps;
