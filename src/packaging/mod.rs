//! Makes packages for nodes out of a published result: `.rpm`, `.deb`, and a plain `.tar.zst`.
//!
//! What a package is like is data of the recipe. The same result gives the same bytes, wherever and whenever it is
//! packaged: times are those of the source, the owner is root, and no name of a machine is in it.
//!
//! A package takes the place of the distribution's. Whatever it replaces on a node is kept first, and put back when the
//! package is removed: see the `scripts` in it.

mod architecture;
mod contents;
mod deb;
mod error;
mod make;
mod rpm;
mod scripts;
mod settings;
mod tarball;
mod version;

pub use error::PackagingError;
pub use make::package;
pub use settings::PackageSettings;
pub use version::PackageVersion;

pub use crate::recipe::{Package, PackageFormat};
