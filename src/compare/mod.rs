//! Where two files differ: by the sections of ELF files, by offset in any other. Pure: bytes in, differences out.

mod differences;
mod layout;

pub use differences::{Difference, differences};
pub use layout::Role;
