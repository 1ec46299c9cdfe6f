//! Releases in closed networks: everything that a locked release needs in one file, and the release made of that.

mod files;
mod images;
mod make;
mod registry;
mod unpack;

pub use make::{BundleOrder, make_bundle};
pub use unpack::{UnpackedRelease, refuse_other_lock, unpack_release};
