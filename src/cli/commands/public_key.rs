//! `kmembuild public-key`.

use std::path::Path;

use serde::Serialize;

use crate::attestation::{VerifyingKey, minisign_public_key};
use crate::cli::invocation::Invocation;
use crate::cli::output::{print_document, print_exact};
use crate::failure::{Failure, FailureKind};

/// `public-key --format json`.
#[derive(Serialize)]
struct PublicKey {
    /// As in `keyid` of signatures.
    id: String,
    pem: String,
    /// For Ed25519 keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    minisign: Option<String>,
}

pub(crate) fn run(invocation: &Invocation<'_>, file: &Path, minisign: bool) -> Result<(), Failure> {
    let key = VerifyingKey::read_of_either(file)?;
    let (pem, of_minisign) = (key.to_pem(), minisign_public_key(&key));
    if minisign && of_minisign.is_none() {
        let text = format!(
            "{} is an ECDSA key, but minisign only supports Ed25519 keys",
            file.display()
        );
        return Err(Failure::new(FailureKind::Usage, text)
            .hint("use openssl to verify its signatures; see docs/releases.md"));
    }
    if invocation.json() {
        return print_document(&PublicKey {
            id: key.id(),
            pem,
            minisign: of_minisign,
        });
    }
    match of_minisign.filter(|_| minisign) {
        Some(text) => print_exact(&format!("{text}\n")),
        None => print_exact(&pem),
    }
}
