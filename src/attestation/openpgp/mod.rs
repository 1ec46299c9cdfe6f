//! `OpenPGP` keys for packages and their repositories: what rpm, yum, dnf and apt can check.
//!
//! A key signs the same text at the same time with the same bytes: RSA as in PKCS#1 1.5, and Ed25519.

mod error;
mod key;
mod kind;
mod public;
mod usable;

pub use error::PackageKeyError;
pub use key::PackageKey;
pub use kind::PackageKeyKind;
pub use public::PublicPackageKey;
