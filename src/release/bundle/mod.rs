//! Releases in closed networks: everything that a locked release needs in one file, and the release made of that.

mod contents;
mod files;
mod images;
mod make;
mod registry;
mod unpack;

pub use contents::{BundleContents, bundle_contents};
pub use make::{BundleOrder, make_bundle};
pub use unpack::{UnpackedRelease, refuse_other_lock, unpack_release};
