//! Where the pages are.

use std::fs;
use std::path::{Path, PathBuf};

/// The checkout.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The README and everything below `docs`.
pub fn pages() -> Vec<PathBuf> {
    let docs = fs::read_dir(root().join("docs")).expect("the directory of pages");
    let docs = docs.map(|entry| entry.expect("a page").path());
    docs.chain([root().join("README.md")]).collect()
}
