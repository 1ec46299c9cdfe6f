//! The command `openssl`, which makes keys and signs and checks on its own.

use crate::support::preflight::installed;
use std::path::{Path, PathBuf};

/// Runs `openssl` in a folder; what it printed.
#[track_caller]
pub fn openssl(folder: &Path, arguments: &str) -> Vec<u8> {
    let output = installed("openssl")
        .args(arguments.split(' '))
        .current_dir(folder)
        .output()
        .expect("openssl is needed for these tests: .ci/install-packages openssl");
    assert!(
        output.status.success(),
        "openssl {arguments}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// Options that make each kind of key that can be used.
pub const KINDS: [&str; 2] = ["ed25519", "EC -pkeyopt ec_paramgen_curve:P-256"];

/// Makes a pair of keys, `name.key` and `name.pub`.
pub fn pair(folder: &Path, name: &str, kind: &str) -> (PathBuf, PathBuf) {
    openssl(
        folder,
        &format!("genpkey -algorithm {kind} -out {name}.key"),
    );
    openssl(
        folder,
        &format!("pkey -in {name}.key -pubout -out {name}.pub"),
    );
    (
        folder.join(format!("{name}.key")),
        folder.join(format!("{name}.pub")),
    )
}
