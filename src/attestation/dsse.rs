//! DSSE: a signed text with its type.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::key::{SigningKey, VerifyingKey};

/// The type of a signed in-toto statement.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// A signed text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// The text in base64.
    pub payload: String,
    /// The type of the text.
    pub payload_type: String,
    /// The signatures.
    pub signatures: Vec<EnvelopeSignature>,
}

/// One signature of an envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvelopeSignature {
    /// A hint at the key; nothing more.
    #[serde(default)]
    pub keyid: String,
    /// The signature in base64.
    pub sig: String,
}

/// A signature that is not valid.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SignatureError {
    /// The payload or a signature is not valid base64.
    #[error("its {0} is not valid base64")]
    NotBase64(&'static str),
    /// It is not in minisign's form as this tool writes it.
    #[error("not a minisign signature as kmembuild writes it")]
    NotMinisign,
    /// None of the keys made it.
    #[error("not signed by the key {0}, or the signed file was changed afterwards")]
    ByNoneOf(String),
    /// It has no signature.
    #[error("not signed")]
    Unsigned,
    /// None of its signatures was made by one of the keys.
    #[error("not signed by the key {wanted}, or changed afterwards (signatures by: {found})")]
    ByNoKey {
        /// Ids of the keys.
        wanted: String,
        /// What the envelope says about its signatures.
        found: String,
    },
}

/// The envelope of `payload`, signed with `key`.
pub fn sign(payload: &[u8], payload_type: &str, key: &SigningKey) -> Envelope {
    let signature = key.sign(&pre_authentication_encoding(payload, payload_type));
    Envelope {
        payload: STANDARD.encode(payload),
        payload_type: payload_type.to_owned(),
        signatures: vec![EnvelopeSignature {
            keyid: key.public().id(),
            sig: STANDARD.encode(signature),
        }],
    }
}

impl Envelope {
    /// The text, without checking the signatures.
    ///
    /// # Errors
    /// [`SignatureError::NotBase64`].
    pub fn payload(&self) -> Result<Vec<u8>, SignatureError> {
        decode(&self.payload).ok_or(SignatureError::NotBase64("payload"))
    }

    /// The text, if one of `keys` signed it. The key id in the envelope is not trusted.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify(&self, keys: &[VerifyingKey]) -> Result<Vec<u8>, SignatureError> {
        let payload = self.payload()?;
        if self.signatures.is_empty() {
            return Err(SignatureError::Unsigned);
        }
        let signed = pre_authentication_encoding(&payload, &self.payload_type);
        for signature in &self.signatures {
            let bytes = decode(&signature.sig).ok_or(SignatureError::NotBase64("signature"))?;
            if keys.iter().any(|key| key.verify(&signed, &bytes)) {
                return Ok(payload);
            }
        }
        let found = self.signatures.iter().map(|one| match one.keyid.as_str() {
            "" => "a key without an id",
            id => id,
        });
        Err(SignatureError::ByNoKey {
            wanted: keys
                .iter()
                .map(VerifyingKey::id)
                .collect::<Vec<_>>()
                .join(" or "),
            found: found.collect::<Vec<_>>().join(", "),
        })
    }
}

/// What is signed: type and text, each with its length, so that neither can be mistaken for part of the other.
fn pre_authentication_encoding(payload: &[u8], payload_type: &str) -> Vec<u8> {
    let mut bytes = format!(
        "DSSEv1 {} {payload_type} {} ",
        payload_type.len(),
        payload.len()
    )
    .into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// Standard or URL-safe alphabet, padded or not: the specification allows all of them.
fn decode(text: &str) -> Option<Vec<u8>> {
    let lenient =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let standard = GeneralPurpose::new(&alphabet::STANDARD, lenient);
    let url_safe = GeneralPurpose::new(&alphabet::URL_SAFE, lenient);
    standard
        .decode(text)
        .or_else(|_| url_safe.decode(text))
        .ok()
}
