//! `kmembuild public-key --openpgp`.

use std::path::Path;

use serde::Serialize;

use crate::attestation::{PackageKeyKind, PublicPackageKey};
use crate::cli::invocation::Invocation;
use crate::cli::output::{print_document, print_exact};
use crate::clock;
use crate::failure::Failure;
use crate::report::{Closing, tell};

/// `public-key --openpgp --format json`.
#[derive(Serialize)]
struct PublicKey {
    /// The fingerprint.
    id: String,
    /// The first user ID.
    user: String,
    openpgp: String,
    #[serde(flatten)]
    closing: Closing,
}

pub(crate) fn run(invocation: &Invocation<'_>, file: &Path) -> Result<(), Failure> {
    let now = clock::now().as_second();
    let key = PublicPackageKey::read_of_either(file, now)?;
    let kind = match key.kind() {
        PackageKeyKind::Rsa(bits) => format!("RSA, {bits} bits"),
        PackageKeyKind::Ed25519 => "Ed25519".to_owned(),
    };
    let closing = Closing::new(format!("public key {} ({kind})", key.fingerprint())).program(&[
        "rpm",
        "--import",
        "packages.asc",
    ]);
    if invocation.json() {
        return print_document(&PublicKey {
            id: key.fingerprint(),
            user: key.user_id(),
            openpgp: key.to_armor(),
            closing,
        });
    }
    print_exact(&key.to_armor())?;
    // Standard output is the key. Only a person wants more, wherever the key goes.
    if invocation.environment.progress_terminal {
        tell(closing.text());
    }
    Ok(())
}
