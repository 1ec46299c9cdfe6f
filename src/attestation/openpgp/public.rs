//! The public half of a key for packages.

use std::path::Path;

use pgp::composed::{
    ArmorOptions, CleartextSignedMessage, Deserializable as _, DetachedSignature, SignedPublicKey,
    SignedSecretKey,
};
use pgp::types::KeyDetails as _;

use super::error::PackageKeyError;
use super::kind::{PackageKeyKind, kind_of};
use super::usable::{is_secret, only, require_usable};
use crate::attestation::pem_file::read_key_file;
use crate::checksum::hex;

/// A public `OpenPGP` key, as `rpm --import` and apt's `Signed-By` take it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicPackageKey(SignedPublicKey);

impl PublicPackageKey {
    /// The public key in a file with a public or a secret one, in ASCII armour or binary. `now` is in seconds since 1970.
    ///
    /// # Errors
    /// [`PackageKeyError`].
    pub fn read_of_either(path: &Path, now: i64) -> Result<Self, PackageKeyError> {
        let (bytes, _) = read_key_file(path).map_err(|source| PackageKeyError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let wanted = "secret or public";
        let malformed = |_| PackageKeyError::Malformed {
            path: path.to_owned(),
            wanted,
        };
        let key = if is_secret(&bytes) {
            let (keys, _) = SignedSecretKey::from_reader_many(&bytes[..]).map_err(malformed)?;
            only(path, wanted, keys)?.to_public_key()
        } else {
            let (keys, _) = SignedPublicKey::from_reader_many(&bytes[..]).map_err(malformed)?;
            only(path, wanted, keys)?
        };
        require_usable(path, &key, now)?;
        Ok(Self(key))
    }

    pub(super) fn new(key: SignedPublicKey) -> Self {
        Self(key)
    }

    /// Its kind.
    pub fn kind(&self) -> PackageKeyKind {
        kind_of(self.0.primary_key.public_params()).unwrap_or(PackageKeyKind::Ed25519)
    }

    /// Its fingerprint: 40 hexadecimal digits, as gpg prints them.
    pub fn fingerprint(&self) -> String {
        hex(self.0.primary_key.fingerprint().as_bytes()).to_uppercase()
    }

    /// Its first user ID.
    pub fn user_id(&self) -> String {
        let user = self.0.details.users.first();
        let id = user.map(|user| String::from_utf8_lossy(user.id.id()).into_owned());
        id.unwrap_or_default()
    }

    /// When it was made, in seconds since 1970: no signature by it is older.
    pub fn created_at(&self) -> u32 {
        self.0.primary_key.created_at().as_secs()
    }

    /// In ASCII armour.
    pub fn to_armor(&self) -> String {
        armor(&self.0)
    }

    /// Whether `signature`, in ASCII armour, is one of `content` by this key.
    pub fn verify(&self, content: &[u8], signature: &str) -> bool {
        DetachedSignature::from_string(signature)
            .is_ok_and(|(signature, _)| signature.verify(&self.0.primary_key, content).is_ok())
    }

    /// Whether `signature`, as a packet, is one of `content` by this key.
    pub fn verify_packet(&self, content: &[u8], signature: &[u8]) -> bool {
        DetachedSignature::from_bytes(signature)
            .is_ok_and(|signature| signature.verify(&self.0.primary_key, content).is_ok())
    }

    /// The text in a message that this key signed; nothing if it did not.
    pub fn verify_message(&self, message: &str) -> Option<String> {
        let (message, _) = CleartextSignedMessage::from_string(message).ok()?;
        message.verify(&self.0.primary_key).ok()?;
        Some(message.signed_text().replace("\r\n", "\n"))
    }
}

/// A key in ASCII armour; one that was read can be written.
fn armor(key: &SignedPublicKey) -> String {
    let text = key.to_armored_string(ArmorOptions::default());
    text.expect("a key that was read")
}
