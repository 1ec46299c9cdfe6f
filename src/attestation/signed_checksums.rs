//! The signature of a release's checksums, in the format of the common tool for the kind of key.
//!
//! For an Ed25519 key that is minisign: <https://jedisct1.github.io/minisign/>, "Signature format". For ECDSA P-256 it is
//! the signature in DER and base64, as made by `openssl dgst`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blake2::{Blake2b512, Digest as _};

use super::dsse::SignatureError;
use super::key::{KeyKind, SigningKey, VerifyingKey};
use crate::artifacts::{CHECKSUMS_MINISIG, CHECKSUMS_SIG, SHA256SUMS};

/// minisign's identifier for Ed25519 over the `BLAKE2b` digest of a file.
const PREHASHED: &[u8; 2] = b"ED";
/// minisign's identifier for an Ed25519 key.
const ED25519: &[u8; 2] = b"Ed";
/// Bytes of minisign's key number.
const NUMBER: usize = 8;
/// Bytes of an Ed25519 signature.
const SIGNATURE: usize = 64;
const UNTRUSTED: &str = "untrusted comment: ";
const TRUSTED: &str = "trusted comment: ";

/// The name of the file with a signature by a key of this kind.
pub fn checksums_signature_name(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Ed25519 => CHECKSUMS_MINISIG,
        KeyKind::EcdsaP256 => CHECKSUMS_SIG,
    }
}

/// The content of that file for the checksums `checksums`.
pub fn sign_checksums(checksums: &[u8], key: &SigningKey) -> String {
    let public = key.public();
    match public.kind() {
        KeyKind::EcdsaP256 => format!("{}\n", STANDARD.encode(key.sign(checksums))),
        KeyKind::Ed25519 => {
            let signature = key.sign(&Blake2b512::digest(checksums));
            let comment = trusted_comment();
            let signed = [signature.as_slice(), comment.as_bytes()].concat();
            minisig(&number(&public), &signature, &key.sign(&signed))
        }
    }
}

/// Verifies `text`, the content of the file `name`: one of `keys` must have signed `checksums`.
///
/// # Errors
/// [`SignatureError`].
pub fn verify_checksums(
    checksums: &[u8],
    name: &str,
    text: &str,
    keys: &[VerifyingKey],
) -> Result<(), SignatureError> {
    let signed = if name == CHECKSUMS_SIG {
        let signature = text.strip_suffix('\n').map(|text| STANDARD.decode(text));
        let Some(Ok(signature)) = signature else {
            return Err(SignatureError::NotBase64("signature"));
        };
        keys.iter()
            .any(|key| key.kind() == KeyKind::EcdsaP256 && key.verify(checksums, &signature))
    } else {
        let parts = read_minisig(text).ok_or(SignatureError::NotMinisign)?;
        let digest = Blake2b512::digest(checksums);
        let comment = [parts.signature.as_slice(), trusted_comment().as_bytes()].concat();
        keys.iter().any(|key| {
            key.kind() == KeyKind::Ed25519
                && number(key) == parts.number
                && key.verify(&digest, &parts.signature)
                && key.verify(&comment, &parts.of_comment)
        })
    };
    if signed {
        return Ok(());
    }
    let ids: Vec<_> = keys.iter().map(VerifyingKey::id).collect();
    Err(SignatureError::ByNoneOf(ids.join(" or ")))
}

/// The public key in the form of minisign's `-P` and `-p`; `None` for other kinds of key.
pub fn minisign_public_key(key: &VerifyingKey) -> Option<String> {
    let bytes = key.ed25519_bytes()?;
    let number = number(key);
    Some(STANDARD.encode([ED25519.as_slice(), &number, &bytes].concat()))
}

/// minisign chooses the key number at random. It only tells keys apart, so here it is the beginning of the key's id, and
/// the same key always has the same number.
fn number(key: &VerifyingKey) -> [u8; NUMBER] {
    let mut number = [0; NUMBER];
    let id = key.id();
    for (byte, digits) in number.iter_mut().zip(id.as_bytes().chunks(2)) {
        let digits = std::str::from_utf8(digits).unwrap_or_default();
        *byte = u8::from_str_radix(digits, 16).unwrap_or_default();
    }
    number
}

/// Signed as well. It contains no time, so that the same release has the same signature.
fn trusted_comment() -> String {
    format!("file:{SHA256SUMS}\thashed")
}

struct Minisig {
    number: [u8; NUMBER],
    signature: [u8; SIGNATURE],
    of_comment: [u8; SIGNATURE],
}

fn minisig(number: &[u8], signature: &[u8], of_comment: &[u8]) -> String {
    let first = STANDARD.encode([PREHASHED.as_slice(), number, signature].concat());
    let second = STANDARD.encode(of_comment);
    let comment = trusted_comment();
    format!(
        "{UNTRUSTED}signature of a release by kmembuild\n{first}\n{TRUSTED}{comment}\n{second}\n"
    )
}

/// Accepts exactly what [`minisig`] writes: the first comment is not signed, and must not say anything else.
fn read_minisig(text: &str) -> Option<Minisig> {
    let mut lines = text.lines();
    let (_, first, _, second) = (lines.next()?, lines.next()?, lines.next()?, lines.next()?);
    let first = STANDARD.decode(first).ok()?;
    let (number, signature) = first.strip_prefix(PREHASHED)?.split_first_chunk()?;
    let parts = Minisig {
        number: *number,
        signature: signature.try_into().ok()?,
        of_comment: STANDARD.decode(second).ok()?.try_into().ok()?,
    };
    let written = minisig(&parts.number, &parts.signature, &parts.of_comment);
    (written == text).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::{minisig, read_minisig};

    #[test]
    fn every_changed_character_of_a_signature_is_seen() {
        let text = minisig(&[1; 8], &[2; 64], &[3; 64]);
        assert!(read_minisig(&text).is_some());
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let changed = String::from_utf8(bytes).expect("ASCII stays ASCII");
            let same = read_minisig(&changed).is_some_and(|parts| {
                (parts.number, parts.signature, parts.of_comment) == ([1; 8], [2; 64], [3; 64])
            });
            assert!(!same, "{changed}");
            assert!(read_minisig(&text[..at]).is_none());
        }
    }
}
