//! Makes packages for nodes from a published result: `.rpm`, `.deb`, and a plain `.tar.zst`.
//!
//! The recipe describes the package. The same result gives the same bytes, wherever and whenever it is packaged: times are
//! those of the source, the owner is root, and nothing depends on the machine.
//!
//! A package replaces the distribution's. The files that it replaces on a node are kept, and restored when the package is
//! removed: see the `scripts` in it.

mod architecture;
mod content;
mod contents;
mod deb;
mod error;
mod file_name;
mod make;
mod rpm;
mod rpm_payload;
mod scripts;
mod settings;
mod tarball;
mod version;

pub use error::PackagingError;
pub use file_name::package_file_name;
pub use make::package;
pub use settings::PackageSettings;
pub use version::PackageVersion;

pub use crate::recipe::{Package, PackageFormat, RpmCompression};
