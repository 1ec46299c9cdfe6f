//! `kmembuild public-key`.

use std::path::Path;

use serde::Serialize;

use super::public_package_key;
use crate::attestation::{KeyKind, VerifyingKey, minisign_public_key};
use crate::cli::invocation::Invocation;
use crate::cli::output::{print_document, print_exact};
use crate::events::{Event, Sink as _, Warning};
use crate::failure::{Failure, FailureKind};
use crate::report::{Closing, Progress, tell};

/// Digits of an id for people.
const SHOWN_DIGITS: usize = 16;

/// `public-key --format json`.
#[derive(Serialize)]
struct PublicKey {
    /// As in `keyid` of signatures.
    id: String,
    pem: String,
    /// For Ed25519 keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    minisign: Option<String>,
    /// What is wrong with the file of a private key.
    remarks: Vec<String>,
    #[serde(flatten)]
    closing: Closing,
}

pub(crate) fn run(
    invocation: &Invocation<'_>,
    file: &Path,
    minisign: bool,
    openpgp: bool,
) -> Result<(), Failure> {
    if openpgp {
        return public_package_key::run(invocation, file);
    }
    let (key, warning) = VerifyingKey::read_of_either(file)?;
    let (pem, of_minisign) = (key.to_pem(), minisign_public_key(&key));
    if minisign && of_minisign.is_none() {
        let text = format!(
            "{} is an ECDSA key, but minisign only supports Ed25519 keys",
            file.display()
        );
        return Err(Failure::new(FailureKind::Usage, text)
            .hint("use openssl to verify its signatures; see docs/releases.md"));
    }
    let closing = closing(&key, of_minisign.as_deref().filter(|_| minisign));
    if invocation.json() {
        return print_document(&PublicKey {
            id: key.id(),
            pem,
            minisign: of_minisign,
            remarks: warning.iter().map(Warning::to_string).collect(),
            closing,
        });
    }
    if let Some(warning) = warning {
        // Nothing else is shown beside the key.
        let progress = Progress::new(false, false, invocation.verbosity());
        progress.event(&Event::Warning(warning));
    }
    match of_minisign.filter(|_| minisign) {
        Some(text) => print_exact(&format!("{text}\n"))?,
        None => print_exact(&pem)?,
    }
    // Standard output is the key. Only a person wants more, wherever the key goes.
    if invocation.environment.progress_terminal {
        tell(closing.text());
    }
    Ok(())
}

/// Which key it is, and what it is for.
fn closing(key: &VerifyingKey, minisign: Option<&str>) -> Closing {
    let kind = match key.kind() {
        KeyKind::Ed25519 => "Ed25519",
        KeyKind::EcdsaP256 => "ECDSA P-256",
    };
    let closing = Closing::new(format!("public key {} ({kind})", &key.id()[..SHOWN_DIGITS]));
    match minisign {
        Some(key) => closing.program(&["minisign", "-V", "-P", key, "-m", "SHA256SUMS"]),
        None => closing.next(&["verify", "dist", "--key", "release.pub"]),
    }
}
