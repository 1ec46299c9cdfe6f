//! A signed text in the form of sigstore's bundles, version 0.3, which cosign verifies without a network.
//!
//! By hand, because it is a dozen fields: the crate for it (sigstore-bundle 0.15) brings a second jiff to compile, for the times of
//! certificates and logs, and a bundle of a key of one's own has neither.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::dsse::{Envelope, EnvelopeSignature};
use crate::plan::canonical_json;

/// The media type of a bundle.
pub const BUNDLE_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    media_type: &'static str,
    verification_material: Material,
    dsse_envelope: Envelope,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    public_key: KeyHint,
    /// Nothing of it is in a transparency log.
    tlog_entries: [(); 0],
}

#[derive(Serialize)]
struct KeyHint {
    hint: String,
}

/// The bundle of an envelope. The same envelope makes the same bundle; whether its signature is valid is not asked.
pub fn sigstore_bundle(envelope: &Envelope) -> String {
    let key = envelope.signatures.first();
    let id = key.map_or("", |signature| signature.keyid.as_str());
    let hint = match bytes_of(id) {
        // What cosign writes of a key: its SHA-256 in base64.
        Some(bytes) => STANDARD.encode(bytes),
        None => id.to_owned(),
    };
    let signatures = envelope.signatures.iter();
    canonical_json(&Bundle {
        media_type: BUNDLE_TYPE,
        verification_material: Material {
            public_key: KeyHint { hint },
            tlog_entries: [],
        },
        dsse_envelope: Envelope {
            // cosign passes over a signature whose key has another id than the one that it makes itself; the hint is enough.
            signatures: signatures
                .map(|EnvelopeSignature { sig, .. }| EnvelopeSignature {
                    keyid: String::new(),
                    sig: sig.clone(),
                })
                .collect(),
            ..envelope.clone()
        },
    })
}

/// The bytes of a key's id, if it is one as this tool writes it.
fn bytes_of(id: &str) -> Option<Vec<u8>> {
    if !crate::checksum::is_sha256(id) {
        return None;
    }
    let pairs = (0..id.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(&id[at..at + 2], 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::attestation::EnvelopeSignature;

    #[test]
    fn a_bundle_has_the_envelope_and_a_hint_at_the_key() {
        let envelope = |keyid: &str| Envelope {
            payload: "e30=".to_owned(),
            payload_type: "application/vnd.in-toto+json".to_owned(),
            signatures: vec![EnvelopeSignature {
                keyid: keyid.to_owned(),
                sig: "c2ln".to_owned(),
            }],
        };
        let hint = |keyid: &str| {
            let bundle: Value = serde_json::from_str(&sigstore_bundle(&envelope(keyid))).unwrap();
            assert_eq!(bundle["mediaType"], BUNDLE_TYPE);
            let signature = &bundle["dsseEnvelope"]["signatures"][0];
            assert_eq!(
                (&signature["sig"], &signature["keyid"]),
                (&"c2ln".into(), &"".into())
            );
            bundle["verificationMaterial"]["publicKey"]["hint"].clone()
        };
        assert_eq!(hint(&"00".repeat(32)), STANDARD.encode([0; 32]));
        assert_eq!(hint("mine"), "mine");
    }
}
