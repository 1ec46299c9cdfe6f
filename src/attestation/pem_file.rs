//! PEM files: determines which key is in one before it is used.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use p256::pkcs8::{ObjectIdentifier, PrivateKeyInfoRef, SubjectPublicKeyInfoRef};
use pem::Pem;

use super::error::KeyError;
use crate::regular_file;

/// Largest file of a key in bytes; one has a few hundred.
const LARGEST: u64 = 1 << 20;

/// The supported kinds of key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Ed25519,
    EcdsaP256,
    /// An unsupported kind, described for people.
    Other(String),
}

const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");

/// Names of unsupported kinds of key.
const OTHER_ALGORITHMS: [(&str, &str); 7] = [
    ("1.2.840.113549.1.1.1", "an RSA key"),
    ("1.2.840.113549.1.1.10", "an RSA-PSS key"),
    ("1.2.840.10040.4.1", "a DSA key"),
    ("1.3.101.113", "an Ed448 key"),
    ("1.3.101.110", "an X25519 key, which cannot sign"),
    ("1.3.101.111", "an X448 key, which cannot sign"),
    ("2.16.840.1.101.3.4.3.18", "an ML-DSA key"),
];

pub(super) const MAKE_PRIVATE: &str =
    "create one with `openssl genpkey -algorithm ed25519 -out release.key`";
pub(super) const MAKE_PUBLIC: &str =
    "create it from the private key with `openssl pkey -in release.key -pubout -out release.pub`";

/// The first block of a PEM file that is not just parameters, and the permission bits of a file on disk.
pub(super) fn read_pem(
    path: &Path,
    wanted: &'static str,
    remedy: &str,
) -> Result<(Pem, Option<u32>), KeyError> {
    let (text, mode) = read_key_file(path).map_err(|source| KeyError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let blocks = pem::parse_many(&text).map_err(|error| KeyError::Damaged {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    // `openssl ecparam -genkey` writes the name of the curve before the key.
    let mut keys = blocks
        .into_iter()
        .filter(|block| block.tag() != "EC PARAMETERS");
    let key = keys.next().ok_or_else(|| KeyError::Other {
        path: path.to_owned(),
        wanted,
        found: "a file without a PEM block".to_owned(),
        remedy: remedy.to_owned(),
    })?;
    Ok((key, mode))
}

/// The bytes of a file of at most [`LARGEST`] bytes, and the permission bits of one on disk. What this process was started with may be a pipe, as `<(pass show key)`
/// is in a shell: somebody writes to it.
pub(super) fn read_key_file(path: &Path) -> io::Result<(Vec<u8>, Option<u32>)> {
    let of_this_process = ["/dev/fd", "/dev/stdin", "/proc/self/fd"];
    let file = if of_this_process.iter().any(|own| path.starts_with(own)) {
        File::open(path)?
    } else {
        regular_file::open(path)?
    };
    let metadata = file.metadata()?;
    let mode = metadata.is_file().then(|| metadata.mode() & 0o7777);
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other("it is too large for a key"));
    }
    Ok((bytes, mode))
}

/// Describes a PEM block by its label.
pub(super) fn describe_label(label: &str) -> String {
    match label {
        "ENCRYPTED PRIVATE KEY" => "an encrypted private key".to_owned(),
        "RSA PRIVATE KEY" => "an RSA key".to_owned(),
        "DSA PRIVATE KEY" => "a DSA key".to_owned(),
        "OPENSSH PRIVATE KEY" => "a private key in OpenSSH's format".to_owned(),
        "PUBLIC KEY" | "RSA PUBLIC KEY" => "a public key".to_owned(),
        "PRIVATE KEY" | "EC PRIVATE KEY" => "a private key".to_owned(),
        "CERTIFICATE" => "a certificate".to_owned(),
        "CERTIFICATE REQUEST" => "a certificate request".to_owned(),
        other => format!("a PEM file with {other:?}"),
    }
}

/// The kind of a PKCS#8 private key.
pub(super) fn private_algorithm(der: &[u8]) -> Result<Algorithm, String> {
    let info = PrivateKeyInfoRef::try_from(der).map_err(|error| error.to_string())?;
    let curve = info.algorithm.parameters_oid().ok();
    Ok(algorithm(info.algorithm.oid, curve))
}

/// The kind of a public key.
pub(super) fn public_algorithm(der: &[u8]) -> Result<Algorithm, String> {
    let info = SubjectPublicKeyInfoRef::try_from(der).map_err(|error| error.to_string())?;
    let curve = info.algorithm.parameters_oid().ok();
    Ok(algorithm(info.algorithm.oid, curve))
}

fn algorithm(oid: ObjectIdentifier, curve: Option<ObjectIdentifier>) -> Algorithm {
    if oid == ED25519 {
        Algorithm::Ed25519
    } else if oid == EC && curve == Some(P256) {
        Algorithm::EcdsaP256
    } else if oid == EC {
        let curve = curve.map_or("an unnamed curve".to_owned(), |curve| {
            match curve.to_string().as_str() {
                "1.3.132.0.34" => "the curve P-384".to_owned(),
                "1.3.132.0.35" => "the curve P-521".to_owned(),
                "1.3.132.0.10" => "the curve secp256k1".to_owned(),
                other => format!("the curve {other}"),
            }
        });
        Algorithm::Other(format!("an ECDSA key with {curve}"))
    } else {
        let oid = oid.to_string();
        let known = OTHER_ALGORITHMS.iter().find(|(known, _)| *known == oid);
        Algorithm::Other(
            known.map_or(format!("a key with the algorithm {oid}"), |(_, name)| {
                (*name).to_owned()
            }),
        )
    }
}
