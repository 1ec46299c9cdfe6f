//! How packaging can fail.

use std::path::PathBuf;

use thiserror::Error;

use crate::recipe::PackageFormat;

/// A result that could not be packaged.
#[derive(Debug, Error)]
pub enum PackagingError {
    /// The version has no place in the order of a package manager.
    #[error(
        "{version} cannot be the version of a package, whose versions are numbers like 1.0.0 or 1.0.0-rc10: build a tag instead of a commit, or make a tar.zst"
    )]
    Version {
        /// The version.
        version: String,
    },
    /// The package manager has no name for the architecture.
    #[error("there is no {format} for {architecture}; make a tar.zst")]
    Architecture {
        /// The form.
        format: PackageFormat,
        /// The architecture in Go's terms.
        architecture: String,
    },
    /// The result lacks a file that the recipe's section on packages names.
    #[error(
        "the package {package} needs the output {output}, and the result has only {known}: build it as well, or leave it out of `package:` in the recipe"
    )]
    OutputMissing {
        /// The package.
        package: String,
        /// The output.
        output: String,
        /// Those that are there.
        known: String,
    },
    /// A file of the result cannot be read.
    #[error("the output {} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file of the result is not the one that was published.
    #[error(
        "{} is not the file that was published: its sha256 is {found}, the manifest has {expected}; build it again",
        path.display()
    )]
    Changed {
        /// The file.
        path: PathBuf,
        /// Its sha256.
        found: String,
        /// That in the manifest.
        expected: String,
    },
    /// The package cannot be stored.
    #[error("the package {} cannot be written", path.display())]
    Unwritable {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The manifest has no JSON form.
    #[error("the manifest of {package} has no form in JSON")]
    Manifest {
        /// The package.
        package: String,
        /// What was wrong.
        #[source]
        source: serde_json::Error,
    },
    /// The library that makes RPMs refuses what is to be in it.
    #[error("the rpm {name} cannot be made of what the recipe says under `package:`")]
    Rpm {
        /// The file's name.
        name: String,
        /// What it said.
        #[source]
        source: rpm::Error,
    },
}
