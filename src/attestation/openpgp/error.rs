//! Errors of keys for packages.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// An `OpenPGP` key that packages cannot be signed with.
#[derive(Debug, Error)]
pub enum PackageKeyError {
    /// The file could not be read.
    #[error("could not read the package key {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file is no `OpenPGP` key.
    #[error("{} is not an OpenPGP {wanted} key", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is required: `secret`, or `secret or public`.
        wanted: &'static str,
    },
    /// The file has a public key.
    #[error("{} is a public OpenPGP key, which cannot sign", path.display())]
    Public {
        /// The file.
        path: PathBuf,
    },
    /// The file has more than one key.
    #[error("{} contains more than one OpenPGP key", path.display())]
    Several {
        /// The file.
        path: PathBuf,
    },
    /// The secret part is protected by a pass phrase, or lies on a smart card.
    #[error(
        "the secret part of the OpenPGP key in {} is protected by a pass phrase or is not in the file",
        path.display()
    )]
    Protected {
        /// The file.
        path: PathBuf,
    },
    /// It is of a kind that package managers cannot check.
    #[error("the OpenPGP key in {} is {found}, not RSA of at least 2048 bits or Ed25519", path.display())]
    Kind {
        /// The file.
        path: PathBuf,
        /// What it is.
        found: String,
    },
    /// Its owner revoked it.
    #[error("the OpenPGP key in {} is revoked", path.display())]
    Revoked {
        /// The file.
        path: PathBuf,
    },
    /// Its time is over.
    #[error("the OpenPGP key in {} expired at {at}", path.display())]
    Expired {
        /// The file.
        path: PathBuf,
        /// When, in UTC.
        at: String,
    },
    /// Its primary key may not sign.
    #[error("the primary key of the OpenPGP key in {} may not sign data", path.display())]
    MayNotSign {
        /// The file.
        path: PathBuf,
    },
    /// It has no name.
    #[error("the OpenPGP key in {} has no user ID", path.display())]
    Nameless {
        /// The file.
        path: PathBuf,
    },
    /// Its own signatures, or its secret part, do not belong to it.
    #[error("the OpenPGP key in {} is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// Others than its owner can write to the file.
    #[error(
        "other users can write to the package key {} (mode {mode:04o}): the key may be somebody else's",
        path.display()
    )]
    Writable {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
}
