//! The page of a release: one file that needs nothing but a browser, without scripts.

mod lanes;
mod overview;
mod page;
mod target;

pub use page::release_page;
