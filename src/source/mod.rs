//! Upstream source: a bare git store, its mirrors, patches and archives.
//!
//! A [`Store`] is a bare repository in the cache directory for one upstream. [`Store::fetch`] finds a tag or a commit on
//! the first mirror that has it, [`Store::tree`] reads its files, [`Store::patch`] makes a patched tree without a work
//! tree, and [`Store::archive`] gives a tree to an engine as a tar stream.
//!
//! The store stays intact when attempts stall, two runs share it or a run is killed: every attempt downloads into a
//! repository of its own (`attempt`), only a complete pack is moved into the store, and then a reference is set (`store`).
//! So every reference of the store points to something that is there with its complete tree. Its history is not, and
//! nothing here walks history.

mod answers;
mod archive;
mod attempt;
mod bundled;
mod choice;
mod error;
mod extent;
mod fetch;
mod git_program;
mod handles;
mod libgit2;
mod local;
mod location;
mod near_tags;
mod no_delay;
mod patch_apply;
mod patch_error;
mod patch_parse;
mod quarantine;
mod reader;
mod remote;
mod request;
mod store;
mod tree;

pub use answers::answers;
pub use bundled::Pinned;
pub use error::SourceError;
pub use extent::Excess;
pub use git_program::git_is_installed;
pub use libgit2::make_ready;
pub use location::{local_folder, redacted};
pub use patch_apply::Patch;
pub use patch_error::{HunkPlace, PatchError};
pub use request::{FetchRequest, MirrorFailure, Served};
pub use store::Store;
pub use tree::Tree;
