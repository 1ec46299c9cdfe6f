//! How often the kernel killed a process of this container for lack of memory.

use std::io::Read as _;

use crate::engine::memory_kills::{MEMORY_EVENTS, kills};

/// Largest counter file in bytes.
const LARGEST: u64 = 64 << 10;

/// The kernel's own counter; `None` where it cannot be seen.
pub(super) fn out_of_memory_kills() -> Option<u64> {
    let mut text = String::new();
    for file in MEMORY_EVENTS {
        if let Ok(file) = std::fs::File::open(file) {
            // What cannot be read counts nothing.
            let _ = file.take(LARGEST).read_to_string(&mut text);
        }
    }
    kills(&text)
}
