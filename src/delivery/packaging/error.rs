//! Errors of packaging.

use std::path::PathBuf;

use thiserror::Error;

use crate::recipe::PackageFormat;

/// A result that could not be packaged.
#[derive(Debug, Error)]
pub enum PackagingError {
    /// The version cannot be ordered by a package manager.
    #[error(
        "{version} is not a valid package version such as 1.0.0 or 1.0.0-rc10; build a tag instead of a commit, or use the format tar.zst"
    )]
    Version {
        /// The version.
        version: String,
    },
    /// The package manager does not support the architecture.
    #[error("{format} does not support the architecture {architecture}; use the format tar.zst")]
    Architecture {
        /// The package format.
        format: PackageFormat,
        /// Go's name of the architecture.
        architecture: String,
    },
    /// The result lacks a file of the recipe's `package:` section.
    #[error(
        "the package {package} requires the output {output}, but the result only has {known}; build it as well, or remove it from `package:` in the recipe"
    )]
    OutputMissing {
        /// The package.
        package: String,
        /// The output.
        output: String,
        /// The outputs of the result.
        known: String,
    },
    /// A file of the result could not be read.
    #[error("could not read the output {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file of the result does not match the manifest.
    #[error(
        "{} does not match the manifest: its sha256 is {found}, but {expected} was recorded; build it again",
        path.display()
    )]
    Changed {
        /// The file.
        path: PathBuf,
        /// Its sha256.
        found: String,
        /// The sha256 in the manifest.
        expected: String,
    },
    /// The package could not be written.
    #[error("could not write the package {}", path.display())]
    Unwritable {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The manifest could not be written as JSON.
    #[error("could not write the manifest of {package} as JSON")]
    Manifest {
        /// The package.
        package: String,
        /// What was wrong.
        #[source]
        source: serde_json::Error,
    },
    /// The library that makes RPMs refused the contents.
    #[error("could not make the rpm {name} from the recipe's `package:` section")]
    Rpm {
        /// The name of the file.
        name: String,
        /// What the library said.
        #[source]
        source: rpm::Error,
    },
}
