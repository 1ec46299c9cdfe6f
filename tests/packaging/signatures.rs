//! Signatures of rpms, checked by the real rpm.

use std::fs;
use std::path::Path;

use kmembuild::attestation::PackageKey;
use kmembuild::delivery::packaging::PackageFormat;

use super::node::{Said, run, try_run};
use super::result::Published;
use crate::support::package_key::MadeKey;

/// When the tests read their keys: after these were made.
const LATER: i64 = 4_000_000_000;

fn checksig(database: &Path, package: &Path) -> Said {
    let database = database.display().to_string();
    let package = package.display().to_string();
    try_run("rpmkeys", &["--dbpath", &database, "-Kv", &package])
}

#[test]
fn rpm_accepts_what_is_signed_with_either_kind_of_key_and_refuses_what_was_changed() {
    let published = Published::new("runc", "v1.0.0-rc10", "runc", "/bin/busybox");
    for (kind, algorithm) in [("rsa2048", "RSA/SHA256"), ("ed25519", "EdDSA/SHA256")] {
        let made = MadeKey::new(kind, "sign");
        let key = PackageKey::read(&made.secret(), LATER).expect("a key");
        assert_eq!(key.public().fingerprint(), made.fingerprint());
        let package = published.signed(PackageFormat::Rpm, &key);
        let bytes = fs::read(&package).expect("a package");

        // In binary it is the same key, and the same package a moment later.
        let same = PackageKey::read(&made.binary(), LATER).expect("a key");
        published.signed(PackageFormat::Rpm, &same);
        assert!(
            fs::read(&package).expect("a package") == bytes,
            "{kind}: other bytes"
        );

        let database = tempfile::tempdir().expect("a folder");
        let unknown = checksig(database.path(), &package);
        assert!(
            !unknown.well && unknown.text.contains("NOKEY"),
            "{}",
            unknown.text
        );
        let public = made.path().join("ours.asc");
        fs::write(&public, key.public().to_armor()).expect("written");
        let at = database.path().display().to_string();
        run(
            "rpmkeys",
            &["--dbpath", &at, "--import", &public.display().to_string()],
        );
        let good = checksig(database.path(), &package);
        assert!(good.well, "{}", good.text);
        let signature = format!("Header V4 {algorithm} Signature, key ID");
        assert!(good.text.contains(&signature), "{}", good.text);
        assert!(!good.text.contains("NOKEY"), "{}", good.text);

        // In the header, in the payload, and at its end; before them is what rpm does not look at.
        let length = bytes.len();
        for at in [length / 200, length / 3, length / 2, length - 1] {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            fs::write(&package, &changed).expect("written");
            let said = checksig(database.path(), &package);
            assert!(!said.well, "byte {at} of {length}: {}", said.text);
        }
    }
}

#[test]
fn a_signature_is_not_older_than_its_key() {
    let mut published = Published::of_bytes("runc", "v1.0.0-rc10", "runc", b"runc");
    published.manifest.files[0].findings.glibc = None;
    let made = MadeKey::new("rsa2048", "sign");
    let key = PackageKey::read(&made.secret(), LATER).expect("a key");
    let package = published
        .signed(PackageFormat::Rpm, &key)
        .display()
        .to_string();
    // The source is of 2019.
    let said = run(
        "rpm",
        &["-qp", "--qf", "%{BUILDTIME} %{RSAHEADER:pgpsig}", &package],
    );
    assert!(said.contains("1577100000 RSA/SHA256"), "{said}");
    assert!(!said.contains(" 2019,"), "{said}");
    assert!(
        said.contains(&made.fingerprint()[24..].to_lowercase()),
        "{said}"
    );
    // What has no signatures is as it is without a key.
    for format in [PackageFormat::Deb, PackageFormat::TarZst] {
        let bytes = fs::read(published.package(format)).expect("a package");
        assert!(fs::read(published.signed(format, &key)).expect("a package") == bytes);
    }
}
