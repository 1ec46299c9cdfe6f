//! Results by content key in a registry or an OCI layout, so that CI runners and colleagues build each of them once.
//!
//! An entry is an artifact whose first layer is a signed statement: the content key, and the files with their digests. Nothing
//! is taken that the statement does not name, and no statement counts that is not signed by a key which the user named and
//! not of the key that was asked for: an earlier result that is served again is found out. Its tag ends with the id of the
//! signing key, so that entries of other signers are in nobody's way. What images give to builds is kept in the same way: the
//! content key of a result depends on it, and is then known where the image is not.

mod cache;
mod entry;
mod error;
mod find;
mod images;
mod place;
mod push;
mod statement;

pub use cache::{SharedCache, SharedCacheSettings};
pub use entry::SharedEntry;
pub use error::{SharedCacheError, UnusableCache};
pub use statement::SharedResult;
