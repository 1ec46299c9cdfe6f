//! The manual pages: one for each command, made of what its help is made of.

mod page;
mod synopsis;

pub use page::FILES;
pub(super) use page::pages;
