//! Keys from PEM files: Ed25519 and ECDSA P-256.

use std::fmt;
use std::path::{Path, PathBuf};

use ed25519_dalek::Signer as _;
use p256::ecdsa::signature::Verifier as _;
use p256::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePublicKey as _};
use pem::Pem;

use super::error::KeyError;
use super::pem_file::{
    Algorithm, MAKE_PRIVATE, MAKE_PUBLIC, describe_label, private_algorithm, public_algorithm,
    read_pem,
};
use crate::checksum::sha256_hex;
use crate::events::Warning;

/// Write permission for everybody.
pub(super) const WRITABLE_BY_OTHERS: u32 = 0o002;
/// Permissions of others than the owner to read or to write.
pub(super) const OPEN_TO_OTHERS: u32 = 0o066;

const PRIVATE: &str = "an Ed25519 or ECDSA P-256 private key in PEM";
const EITHER: &str = "an Ed25519 or ECDSA P-256 key in PEM";
const PUBLIC: &str = "an Ed25519 or ECDSA P-256 public key in PEM";

/// A private key. Signing the same text twice gives the same signature: neither kind uses random numbers.
pub struct SigningKey {
    key: Private,
    /// Its file and the permission bits of that, where others than its owner can read it.
    exposed: Option<(PathBuf, u32)>,
}

enum Private {
    Ed25519(Box<ed25519_dalek::SigningKey>),
    EcdsaP256(Box<p256::ecdsa::SigningKey>),
}

/// Shows the id, and nothing secret.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public().id())
    }
}

/// Kinds of key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// Ed25519.
    Ed25519,
    /// ECDSA on P-256, with SHA-256.
    EcdsaP256,
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey(Public);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Public {
    Ed25519(ed25519_dalek::VerifyingKey),
    EcdsaP256(Box<p256::ecdsa::VerifyingKey>),
}

impl SigningKey {
    /// The key in a PEM file: PKCS#8, for ECDSA also SEC 1.
    ///
    /// # Errors
    /// [`KeyError`]; [`KeyError::remedy`] says what to do.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let (block, mode) = read_pem(path, PRIVATE, MAKE_PRIVATE)?;
        let key = Self::in_block(path, &block)?;
        if let Some(mode) = mode.filter(|mode| mode & WRITABLE_BY_OTHERS != 0) {
            let path = path.to_owned();
            return Err(KeyError::Writable { path, mode });
        }
        let exposed = mode.filter(|mode| mode & OPEN_TO_OTHERS != 0);
        let exposed = exposed.map(|mode| (path.to_owned(), mode));
        Ok(Self { key, exposed })
    }

    /// A warning, if others than the owner of its file can read it.
    pub fn warning(&self) -> Option<Warning> {
        let exposed = self.exposed.clone();
        exposed.map(|(path, mode)| Warning::ExposedKey(path, mode))
    }

    fn in_block(path: &Path, block: &Pem) -> Result<Private, KeyError> {
        let other = |found: String, remedy: &str| KeyError::Other {
            path: path.to_owned(),
            wanted: PRIVATE,
            found,
            remedy: remedy.to_owned(),
        };
        let damaged = |reason: String| KeyError::Damaged {
            path: path.to_owned(),
            reason,
        };
        let without_password = "write it without a password with `openssl pkey -in FILE -out release.key`, and make sure that \
        only the release can read that file";
        let encrypted = block.headers().iter().any(|(name, _)| name == "Proc-Type");
        match block.tag() {
            _ if encrypted => Err(other(
                "an encrypted private key".to_owned(),
                without_password,
            )),
            "PRIVATE KEY" => match private_algorithm(block.contents()).map_err(damaged)? {
                Algorithm::Ed25519 => ed25519_dalek::SigningKey::from_pkcs8_der(block.contents())
                    .map(|key| Private::Ed25519(Box::new(key)))
                    .map_err(|error| damaged(error.to_string())),
                Algorithm::EcdsaP256 => p256::SecretKey::from_pkcs8_der(block.contents())
                    .map(|key| Private::EcdsaP256(Box::new(key.into())))
                    .map_err(|error| damaged(error.to_string())),
                Algorithm::Other(found) => Err(other(found, MAKE_PRIVATE)),
            },
            "EC PRIVATE KEY" => p256::SecretKey::from_sec1_der(block.contents())
                .map(|key| Private::EcdsaP256(Box::new(key.into())))
                .map_err(|error| {
                    other(
                        format!("an ECDSA key with a different curve, or damaged ({error})"),
                        MAKE_PRIVATE,
                    )
                }),
            "ENCRYPTED PRIVATE KEY" => Err(other(describe_label(block.tag()), without_password)),
            "PUBLIC KEY" => Err(other(
                describe_label(block.tag()),
                "use its private key; a public key only verifies what was signed",
            )),
            label => Err(other(describe_label(label), MAKE_PRIVATE)),
        }
    }

    /// Its public key.
    pub fn public(&self) -> VerifyingKey {
        VerifyingKey(match &self.key {
            Private::Ed25519(key) => Public::Ed25519(key.verifying_key()),
            Private::EcdsaP256(key) => Public::EcdsaP256(Box::new(*key.verifying_key())),
        })
    }

    /// Ed25519: 64 bytes; ECDSA: with SHA-256, in DER.
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.key {
            Private::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
            Private::EcdsaP256(key) => {
                let signature: p256::ecdsa::DerSignature = key.sign(message);
                signature.as_bytes().to_vec()
            }
        }
    }
}

impl VerifyingKey {
    /// The public key in a PEM file.
    ///
    /// # Errors
    /// [`KeyError`]; [`KeyError::remedy`] says what to do.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let (block, _) = read_pem(path, PUBLIC, MAKE_PUBLIC)?;
        let other = |found: String| KeyError::Other {
            path: path.to_owned(),
            wanted: PUBLIC,
            found,
            remedy: MAKE_PUBLIC.to_owned(),
        };
        let damaged = |reason: String| KeyError::Damaged {
            path: path.to_owned(),
            reason,
        };
        if block.tag() != "PUBLIC KEY" {
            return Err(other(describe_label(block.tag())));
        }
        match public_algorithm(block.contents()).map_err(damaged)? {
            Algorithm::Ed25519 => {
                ed25519_dalek::VerifyingKey::from_public_key_der(block.contents())
                    .map(|key| Self(Public::Ed25519(key)))
                    .map_err(|error| damaged(error.to_string()))
            }
            Algorithm::EcdsaP256 => {
                p256::ecdsa::VerifyingKey::from_public_key_der(block.contents())
                    .map(|key| Self(Public::EcdsaP256(Box::new(key))))
                    .map_err(|error| damaged(error.to_string()))
            }
            Algorithm::Other(found) => Err(other(found)),
        }
    }

    /// The public key from a PEM file with a private or public key; with a warning, if it is a private one that others than
    /// the owner of the file can read.
    ///
    /// # Errors
    /// [`KeyError`]; [`KeyError::remedy`] says what to do.
    pub fn read_of_either(path: &Path) -> Result<(Self, Option<Warning>), KeyError> {
        let (block, _) = read_pem(path, EITHER, MAKE_PRIVATE)?;
        if block.tag().contains("PRIVATE") {
            SigningKey::read(path).map(|key| (key.public(), key.warning()))
        } else {
            Self::read(path).map(|key| (key, None))
        }
    }

    /// Sha256 of the key in DER, as printed by `openssl pkey -pubin -outform DER | sha256sum`.
    pub fn id(&self) -> String {
        sha256_hex(&self.to_der())
    }

    /// The key in PEM, as written by `openssl pkey -pubout`.
    pub fn to_pem(&self) -> String {
        let unix = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
        pem::encode_config(&pem::Pem::new("PUBLIC KEY", self.to_der()), unix)
    }

    fn to_der(&self) -> Vec<u8> {
        let document = match &self.0 {
            Public::Ed25519(key) => key.to_public_key_der(),
            Public::EcdsaP256(key) => key.to_public_key_der(),
        };
        // Both kinds of key can be written in this form.
        document.expect("a key that is valid").into_vec()
    }

    /// Its kind.
    pub fn kind(&self) -> KeyKind {
        match &self.0 {
            Public::Ed25519(_) => KeyKind::Ed25519,
            Public::EcdsaP256(_) => KeyKind::EcdsaP256,
        }
    }

    /// The raw key, if it is an Ed25519 key.
    pub(super) fn ed25519_bytes(&self) -> Option<[u8; 32]> {
        match &self.0 {
            Public::Ed25519(key) => Some(key.to_bytes()),
            Public::EcdsaP256(_) => None,
        }
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.0 {
            Public::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            Public::EcdsaP256(key) => p256::ecdsa::DerSignature::try_from(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
        }
    }
}
