//! Kinds of keys for packages.

use pgp::ser::Serialize as _;
use pgp::types::PublicParams;

/// Kinds of key that package managers can check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackageKeyKind {
    /// RSA with a modulus of so many bits: every rpm and every apt.
    Rsa(u16),
    /// Ed25519: not the rpm of `CentOS` 7, whose version 4.11 knows RSA and DSA.
    Ed25519,
}

/// The kind of a key, where package managers can check it.
pub(super) fn kind_of(params: &PublicParams) -> Option<PackageKeyKind> {
    match params {
        PublicParams::RSA(_) => {
            // It begins with the modulus, and that with its length in bits.
            let bytes = params.to_bytes().ok()?;
            let bits: [u8; 2] = bytes.first_chunk().copied()?;
            Some(PackageKeyKind::Rsa(u16::from_be_bytes(bits)))
        }
        PublicParams::EdDSALegacy(_) => Some(PackageKeyKind::Ed25519),
        _ => None,
    }
}

/// What a key is, for people.
pub(super) fn describe(params: &PublicParams) -> String {
    match params {
        PublicParams::RSA(_) => match kind_of(params) {
            Some(PackageKeyKind::Rsa(bits)) => format!("RSA of {bits} bits"),
            _ => "RSA of an unknown size".to_owned(),
        },
        PublicParams::DSA(_) => "DSA".to_owned(),
        PublicParams::ECDSA(_) => "ECDSA".to_owned(),
        PublicParams::Ed448(_) => "Ed448".to_owned(),
        PublicParams::Ed25519(_) => "Ed25519 in the form of RFC 9580".to_owned(),
        _ => "of another kind".to_owned(),
    }
}
