//! Compares two files: ELF files by section, others by offset. Pure: bytes in, differences out.

mod differences;
mod layout;

pub use differences::{Difference, differences};
pub use layout::Role;
