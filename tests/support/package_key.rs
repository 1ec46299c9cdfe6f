//! `OpenPGP` keys for packages, made by the real gpg.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A key in files: secret and public, both in ASCII armour, and secret in binary.
pub struct MadeKey {
    folder: TempDir,
}

impl MadeKey {
    /// Makes one of a kind in gpg's words: `rsa2048`, `ed25519`; `usage` is `sign`, `cert` or `auth`.
    pub fn new(kind: &str, usage: &str) -> Self {
        Self::with(kind, usage, "never", "")
    }

    /// The same with a time after which it expires and a pass phrase.
    pub fn with(kind: &str, usage: &str, expires: &str, phrase: &str) -> Self {
        let made = Self {
            folder: tempfile::tempdir().expect("a folder"),
        };
        let name = "Packages <packages@example.com>";
        made.gpg(&[
            "--passphrase",
            phrase,
            "--quick-gen-key",
            name,
            kind,
            usage,
            expires,
        ]);
        let export = ["--passphrase", phrase, "--pinentry-mode", "loopback"];
        let secret = [&export[..], &["--export-secret-keys", "-o"]].concat();
        made.gpg(&[&secret[..], &[&made.text("secret.gpg")]].concat());
        made.gpg(&[&["--armor"], &secret[..], &[&made.text("secret.asc")]].concat());
        made.gpg(&["--armor", "-o", &made.text("public.asc"), "--export"]);
        made
    }

    /// Runs gpg with its own home.
    #[track_caller]
    pub fn gpg(&self, words: &[&str]) -> String {
        let done = Command::new("gpg")
            .args(["--batch", "--quiet", "--homedir"])
            .arg(self.folder.path())
            .args(words)
            .output()
            .expect("gnupg is installed");
        let error = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "gpg {words:?} failed:\n{error}");
        String::from_utf8_lossy(&done.stdout).into_owned() + &error
    }

    /// Its directory.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The secret key in ASCII armour.
    pub fn secret(&self) -> PathBuf {
        self.path().join("secret.asc")
    }

    /// The secret key in binary.
    pub fn binary(&self) -> PathBuf {
        self.path().join("secret.gpg")
    }

    /// The public key in ASCII armour.
    pub fn public(&self) -> PathBuf {
        self.path().join("public.asc")
    }

    /// Its fingerprint.
    pub fn fingerprint(&self) -> String {
        let listed = self.gpg(&["--with-colons", "--list-keys"]);
        let line = listed.lines().find(|line| line.starts_with("fpr:"));
        let field = line.and_then(|line| line.split(':').nth(9));
        field.expect("a fingerprint").to_owned()
    }

    fn text(&self, name: &str) -> String {
        self.path().join(name).display().to_string()
    }
}

impl Drop for MadeKey {
    fn drop(&mut self) {
        // The agent ends by itself when its directory is gone; it need not wait for that.
        let home = self.folder.path();
        let _ = Command::new("gpgconf")
            .arg("--homedir")
            .arg(home)
            .args(["--kill", "all"])
            .status();
    }
}
