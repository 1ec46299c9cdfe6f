//! Facts about the outside world, as plain data. Nothing is decided here.

mod dockerfile;
mod gather;
mod types;

pub use dockerfile::base_images;
pub use gather::{read_archive_identity, read_tree};
pub use types::{ArchiveFacts, Facts, FactsError, GitFacts, SourceFacts, TreeFacts};
