//! How much of others is read.

/// Largest manifest or index in bytes, as the distribution specification has it.
pub(super) const LARGEST_DOCUMENT: u64 = 4 << 20;
/// Most entries of an index, and most layers of a manifest.
pub(super) const MOST_ENTRIES: usize = 4096;
