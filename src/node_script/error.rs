//! Why there is no script.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::verify::VerifyError;

/// No script can be written for these results.
#[derive(Debug, Error)]
pub enum NodeScriptError {
    /// A result cannot be read.
    #[error("{} cannot be read; name the folder of a result, such as dist/runc/v1.0.0-rc10/linux-amd64", path.display())]
    Unreadable {
        /// The manifest.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Its manifest is not understood.
    #[error("{} is not a manifest that this version understands; build the result with this version", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: Option<serde_json::Error>,
    },
    /// A binary cannot be looked at.
    #[error("the {name} of {} cannot be looked at; build it again", folder.display())]
    Binary {
        /// Its name.
        name: String,
        /// The folder of the result.
        folder: PathBuf,
        /// What happened.
        #[source]
        source: VerifyError,
    },
    /// A binary is not the one that was published.
    #[error(
        "{} is not what was published: its sha256 is {found}, and the manifest names {expected}; build it again",
        path.display()
    )]
    Changed {
        /// The binary.
        path: PathBuf,
        /// Its sha256.
        found: String,
        /// The one of the manifest.
        expected: String,
    },
    /// A binary turns accounting on, or it is not known.
    #[error("{} is not proven to be without kernel-memory accounting; `kmembuild verify` tells why", path.display())]
    NotProven {
        /// The binary.
        path: PathBuf,
    },
    /// A result has neither a runc nor a kubelet.
    #[error("{} has neither a runc nor a kubelet; name results that have", folder.display())]
    Nothing {
        /// The folder of the result.
        folder: PathBuf,
    },
    /// Two results have a binary of the same name.
    #[error("{name} is in two of the results; name the one that the node is to have")]
    Twice {
        /// The name.
        name: String,
    },
    /// Results are for different machines.
    #[error("the results are for {first} and {second}; write a script for each")]
    Platforms {
        /// One of them.
        first: String,
        /// Another one.
        second: String,
    },
    /// A machine has no known name on nodes.
    #[error(
        "nothing is known of nodes of the platform {platform}; known are linux-amd64, linux-arm64, linux-arm, linux-ppc64le and linux-s390x"
    )]
    UnknownPlatform {
        /// The platform.
        platform: String,
    },
}
