//! What the scripts for nodes share: whatever they say is kept, replaced or restored survives a power failure.

/// The definition of `flush PATH...` for a POSIX shell. It fails if the disk does.
pub(super) const FLUSH: &str = include_str!("flush.sh");
