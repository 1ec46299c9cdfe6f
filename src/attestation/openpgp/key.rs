//! The secret half of a key for packages.

use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use pgp::composed::{
    ArmorOptions, CleartextSignedMessage, Deserializable as _, DetachedSignature, SignedSecretKey,
};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{
    PacketTrait as _, Signature, SignatureConfig, SignatureType, Subpacket, SubpacketData,
};
use pgp::types::{KeyDetails as _, Password, Timestamp};

use super::error::PackageKeyError;
use super::public::PublicPackageKey;
use super::usable::{is_secret, only, require_secret, require_usable};
use crate::attestation::key::{OPEN_TO_OTHERS, WRITABLE_BY_OTHERS};
use crate::attestation::pem_file::read_key_file;
use crate::events::Warning;

/// A secret `OpenPGP` key that signs packages and repositories with its primary key: subkeys are beyond rpm 4.11.
pub struct PackageKey {
    key: SignedSecretKey,
    public: PublicPackageKey,
    /// Its file and the permission bits of that, where others than its owner can read it.
    exposed: Option<(PathBuf, u32)>,
}

/// Shows the fingerprint, and nothing secret.
impl fmt::Debug for PackageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PackageKey({})", self.public.fingerprint())
    }
}

impl PackageKey {
    /// The key in a file as `gpg --export-secret-keys` writes it, in ASCII armour or binary, without a pass phrase. `now` is
    /// in seconds since 1970.
    ///
    /// # Errors
    /// [`PackageKeyError`].
    pub fn read(path: &Path, now: i64) -> Result<Self, PackageKeyError> {
        let (bytes, mode) = read_key_file(path).map_err(|source| PackageKeyError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let wanted = "secret";
        if !is_secret(&bytes) && PublicPackageKey::read_of_either(path, now).is_ok() {
            return Err(PackageKeyError::Public {
                path: path.to_owned(),
            });
        }
        let (keys, _) = SignedSecretKey::from_reader_many(&bytes[..]).map_err(|_| {
            PackageKeyError::Malformed {
                path: path.to_owned(),
                wanted,
            }
        })?;
        let key = only(path, wanted, keys)?;
        let public = key.to_public_key();
        require_usable(path, &public, now)?;
        require_secret(path, &key)?;
        if let Some(mode) = mode.filter(|mode| mode & WRITABLE_BY_OTHERS != 0) {
            let path = path.to_owned();
            return Err(PackageKeyError::Writable { path, mode });
        }
        let exposed = mode.filter(|mode| mode & OPEN_TO_OTHERS != 0);
        let read = Self {
            exposed: exposed.map(|mode| (path.to_owned(), mode)),
            public: PublicPackageKey::new(public),
            key,
        };
        // A secret that does not belong to the public half is found now, not by every node.
        let tried = read.try_sign(SignatureType::Binary, &b""[..], 0);
        let tried = tried
            .and_then(|signature| signature.verify(&read.key.primary_key.public_key(), &b""[..]));
        match tried {
            Ok(()) => Ok(read),
            Err(_) => Err(PackageKeyError::Damaged {
                path: path.to_owned(),
            }),
        }
    }

    /// A warning, if others than the owner of its file can read it.
    pub fn warning(&self) -> Option<Warning> {
        let exposed = self.exposed.clone();
        exposed.map(|(path, mode)| Warning::ExposedKey(path, mode))
    }

    /// Its public half.
    pub fn public(&self) -> &PublicPackageKey {
        &self.public
    }

    /// A signature of `content` as a packet. It says that it was made at `time`, in seconds since 1970, or when the key was
    /// made, if that is later: nobody accepts an older one.
    ///
    /// # Errors
    /// What reading `content` failed with.
    pub fn sign(&self, content: impl Read, time: u32) -> io::Result<Vec<u8>> {
        let signature = self.try_sign(SignatureType::Binary, content, time);
        packet(&signature.map_err(io::Error::other)?).map_err(io::Error::other)
    }

    /// A signature of `content` in ASCII armour; [`Self::sign`] has the rest.
    pub fn sign_detached(&self, content: &[u8], time: u32) -> String {
        let signature = self.try_sign(SignatureType::Binary, content, time);
        text(signature.and_then(|signature| {
            DetachedSignature::new(signature).to_armored_string(ArmorOptions::default())
        }))
    }

    /// A message with `content` and its signature; [`Self::sign`] has the rest. The end of the last line belongs to the
    /// message, not to the content.
    pub fn sign_message(&self, content: &str, time: u32) -> String {
        let content = content.strip_suffix('\n').unwrap_or(content);
        let message = self.config(SignatureType::Text, time).and_then(|config| {
            CleartextSignedMessage::new(content, config, &self.key.primary_key, &Password::empty())
        });
        text(message.and_then(|message| message.to_armored_string(ArmorOptions::default())))
    }

    fn try_sign(
        &self,
        kind: SignatureType,
        content: impl Read,
        time: u32,
    ) -> pgp::errors::Result<Signature> {
        let config = self.config(kind, time)?;
        config.sign(&self.key.primary_key, &Password::empty(), content)
    }

    fn config(&self, kind: SignatureType, time: u32) -> pgp::errors::Result<SignatureConfig> {
        let key = &self.key.primary_key;
        let mut config = SignatureConfig::v4(kind, key.algorithm(), HashAlgorithm::Sha256);
        let time = Timestamp::from_secs(time.max(self.public.created_at()));
        config.hashed_subpackets = vec![
            Subpacket::regular(SubpacketData::SignatureCreationTime(time))?,
            Subpacket::regular(SubpacketData::IssuerFingerprint(key.fingerprint()))?,
            Subpacket::regular(SubpacketData::IssuerKeyId(key.legacy_key_id()))?,
        ];
        Ok(config)
    }
}

/// What was signed. Nothing but the key could fail, and that made a signature when it was read.
fn text(signed: pgp::errors::Result<String>) -> String {
    signed.expect("a key that has signed before")
}

fn packet(signature: &Signature) -> pgp::errors::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    signature.to_writer_with_header(&mut bytes)?;
    Ok(bytes)
}
