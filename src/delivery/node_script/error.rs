//! Why no script could be written.

use std::path::PathBuf;

use thiserror::Error;

use crate::artifacts::PublishedError;
use crate::verify::VerifyError;

/// No script can be written for these results.
#[derive(Debug, Error)]
pub enum NodeScriptError {
    /// The manifest of a result could not be read.
    #[error(
        "could not read the manifest of a result; use the directory of one, such as dist/runc/v1.0.0-rc10/linux-amd64"
    )]
    Manifest(#[from] PublishedError),
    /// A binary could not be verified.
    #[error("could not verify the {name} in {}; build it again", folder.display())]
    Binary {
        /// Its name.
        name: String,
        /// The directory of the result.
        folder: PathBuf,
        /// What happened.
        #[source]
        source: VerifyError,
    },
    /// A binary does not match the manifest.
    #[error(
        "{} does not match its manifest: its sha256 is {found}, but {expected} was recorded; build it again",
        path.display()
    )]
    Changed {
        /// The binary.
        path: PathBuf,
        /// Its sha256.
        found: String,
        /// The sha256 in the manifest.
        expected: String,
    },
    /// A binary turns accounting on, or contains no evidence.
    #[error("{} is not proven to be without kernel-memory accounting; use `kmembuild verify` to see why", path.display())]
    NotProven {
        /// The binary.
        path: PathBuf,
    },
    /// A result has neither a runc nor a kubelet.
    #[error("{} contains neither a runc nor a kubelet; use a result that does", folder.display())]
    Nothing {
        /// The directory of the result.
        folder: PathBuf,
    },
    /// Two results have a binary of the same name.
    #[error("two of the results contain {name}; use only the one for the node")]
    Twice {
        /// The name.
        name: String,
    },
    /// The results are for different platforms.
    #[error("the results are for {first} and {second}; write a script for each")]
    Platforms {
        /// The platform of the first.
        first: String,
        /// Another platform.
        second: String,
    },
    /// The platform is not supported.
    #[error(
        "unsupported platform {platform}; supported platforms: linux-amd64, linux-arm64, linux-arm, linux-ppc64le and linux-s390x"
    )]
    UnknownPlatform {
        /// The platform.
        platform: String,
    },
}
