//! Whether package managers can use a key.

use std::path::Path;

use jiff::Timestamp;
use pgp::composed::{SignedPublicKey, SignedSecretKey};
use pgp::packet::{KeyFlags, Signature};
use pgp::types::{KeyDetails as _, KeyVersion};

use super::error::PackageKeyError;
use super::kind::{PackageKeyKind, describe, kind_of};

/// Smallest RSA modulus in bits that the policies of today's distributions accept.
const SMALLEST_RSA: u16 = 2048;

/// Whether bytes look like a secret key: in armour by their heading, otherwise by the tag of the first packet.
pub(super) fn is_secret(bytes: &[u8]) -> bool {
    const SECRET_KEY: u8 = 5;
    match bytes.first() {
        Some(first) if first & 0xC0 == 0xC0 => first & 0x3F == SECRET_KEY,
        Some(first) if first & 0x80 == 0x80 => (first >> 2) & 0x0F == SECRET_KEY,
        _ => String::from_utf8_lossy(bytes).contains("BEGIN PGP PRIVATE KEY BLOCK"),
    }
}

/// The only key of a file.
pub(super) fn only<K>(
    path: &Path,
    wanted: &'static str,
    mut keys: impl Iterator<Item = pgp::errors::Result<K>>,
) -> Result<K, PackageKeyError> {
    // What the library says of it is for its developers.
    let Some(Ok(key)) = keys.next() else {
        return Err(PackageKeyError::Malformed {
            path: path.to_owned(),
            wanted,
        });
    };
    if keys.next().is_some() {
        return Err(PackageKeyError::Several {
            path: path.to_owned(),
        });
    }
    Ok(key)
}

/// Refuses a key that package managers would not accept at this time.
pub(super) fn require_usable(
    path: &Path,
    key: &SignedPublicKey,
    now: i64,
) -> Result<(), PackageKeyError> {
    let path = path.to_owned();
    let primary = &key.primary_key;
    let params = primary.public_params();
    if primary.version() != KeyVersion::V4 {
        let found = "of another version than 4".to_owned();
        return Err(PackageKeyError::Kind { path, found });
    }
    if kind_of(params).is_none_or(is_too_small) {
        let found = describe(params);
        return Err(PackageKeyError::Kind { path, found });
    }
    if key.verify_bindings().is_err() {
        return Err(PackageKeyError::Damaged { path });
    }
    if !key.details.revocation_signatures.is_empty() {
        return Err(PackageKeyError::Revoked { path });
    }
    let users = key.details.users.iter().flat_map(|user| &user.signatures);
    let own = users.filter(|signature| !is_revocation(signature));
    let Some(newest) = own.max_by_key(|signature| signature.created()) else {
        return Err(PackageKeyError::Nameless { path });
    };
    let flags = newest.key_flags();
    // A key that says nothing about its use may do everything.
    if !flags.sign() && flags != KeyFlags::default() {
        return Err(PackageKeyError::MayNotSign { path });
    }
    let lifetime = newest.key_expiration_time();
    let lifetime = lifetime.map(|lifetime| i64::from(lifetime.as_secs()));
    if let Some(lifetime) = lifetime.filter(|lifetime| *lifetime > 0) {
        let end = i64::from(primary.created_at().as_secs()) + lifetime;
        if end <= now {
            let at = Timestamp::from_second(end).unwrap_or(Timestamp::MAX);
            let at = at.to_string();
            return Err(PackageKeyError::Expired { path, at });
        }
    }
    Ok(())
}

fn is_too_small(kind: PackageKeyKind) -> bool {
    matches!(kind, PackageKeyKind::Rsa(bits) if bits < SMALLEST_RSA)
}

fn is_revocation(signature: &Signature) -> bool {
    signature.typ() == Some(pgp::packet::SignatureType::CertRevocation)
}

/// Refuses a secret key whose secret is not in the file as it is.
pub(super) fn require_secret(path: &Path, key: &SignedSecretKey) -> Result<(), PackageKeyError> {
    if key.primary_key.secret_params().is_encrypted() {
        return Err(PackageKeyError::Protected {
            path: path.to_owned(),
        });
    }
    Ok(())
}
