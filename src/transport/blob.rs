//! Where the bytes of a blob come from.

use std::path::PathBuf;

use bytes::Bytes;

/// Where the bytes of a blob come from. They can be read more than once.
#[derive(Debug, Clone)]
pub enum BlobSource {
    /// From memory; for what is small.
    Bytes(Bytes),
    /// From a file.
    File(PathBuf),
}
