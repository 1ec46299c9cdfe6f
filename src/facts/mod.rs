//! Facts about the outside world, as plain data. Nothing is decided here.

mod archive;
mod dockerfile;
mod gather;
mod types;

pub use archive::{ArchivedImage, read_archive};
pub use dockerfile::base_images;
pub use gather::read_tree;
pub use types::{
    ArchiveFacts, ContainerFacts, Facts, FactsError, GitFacts, SourceFacts, TreeFacts,
};
