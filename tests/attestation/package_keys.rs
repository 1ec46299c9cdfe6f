//! `OpenPGP` keys for packages: which are taken, and what is said of the others.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use kmembuild::attestation::{PackageKey, PackageKeyError, PackageKeyKind, PublicPackageKey};

use crate::support::command::Workplace;
use crate::support::package_key::MadeKey;

/// When the tests read their keys: after these were made.
const LATER: i64 = 4_000_000_000;

fn refused(made: &MadeKey) -> PackageKeyError {
    PackageKey::read(&made.secret(), LATER).expect_err("a key that does not do")
}

#[test]
fn a_signature_of_a_text_is_checked_by_gpg() {
    for (name, kind) in [
        ("rsa2048", PackageKeyKind::Rsa(2048)),
        ("ed25519", PackageKeyKind::Ed25519),
    ] {
        let made = MadeKey::new(name, "sign");
        let key = PackageKey::read(&made.secret(), LATER).expect("a key");
        assert_eq!(key.public().kind(), kind);
        let text = "Origin: kmembuild\n- a line that is escaped\n\nend\n";
        let file = |name: &str, text: &str| {
            let path = made.path().join(name);
            fs::write(&path, text).expect("written");
            path.display().to_string()
        };
        let message = key.sign_message(text, 0);
        assert_eq!(message, key.sign_message(text, 0));
        made.gpg(&["--verify", &file("message", &message)]);
        let taken = key.public().verify_message(&message).expect("our own");
        assert_eq!(taken.trim_end(), text.trim_end());
        let detached = key.sign_detached(text.as_bytes(), 0);
        made.gpg(&[
            "--verify",
            &file("text.asc", &detached),
            &file("text", text),
        ]);
        assert!(key.public().verify(text.as_bytes(), &detached));

        assert!(!key.public().verify(b"another text", &detached));
        let changed = message.replace("kmembuild", "kmembuilt");
        assert_eq!(key.public().verify_message(&changed), None);
        let other = MadeKey::new("ed25519", "sign");
        let other = PublicPackageKey::read_of_either(&other.public(), LATER).expect("a key");
        assert_eq!(other.verify_message(&message), None);
        assert!(!other.verify(text.as_bytes(), &detached));
    }
}

#[test]
fn a_key_that_package_managers_would_not_accept_is_refused() {
    let good = MadeKey::new("ed25519", "sign");
    let public = PackageKey::read(&good.public(), LATER).expect_err("a public key");
    assert!(matches!(public, PackageKeyError::Public { .. }), "{public}");
    let nothing = PackageKey::read(&good.path().join("nothing"), LATER).expect_err("no file");
    assert!(
        matches!(nothing, PackageKeyError::Unreadable { .. }),
        "{nothing}"
    );
    let text = good.path().join("text");
    for content in [&b""[..], b"no key\n", b"\x95", &[0x95; 4000]] {
        fs::write(&text, content).expect("written");
        let error = PackageKey::read(&text, LATER).expect_err("no key");
        assert!(
            matches!(error, PackageKeyError::Malformed { .. }),
            "{error}"
        );
    }
    let armour = fs::read_to_string(good.secret()).expect("a key");
    let bytes = fs::read(good.binary()).expect("a key");
    for end in [bytes.len() / 3, bytes.len() / 2, bytes.len() - 1] {
        fs::write(&text, &bytes[..end]).expect("written");
        assert!(
            PackageKey::read(&text, LATER).is_err(),
            "the first {end} bytes"
        );
    }
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 4;
        fs::write(&text, &changed).expect("written");
        // What is taken signs as it should: the change was in what nobody looks at.
        if let Ok(key) = PackageKey::read(&text, LATER) {
            assert!(
                key.public().verify(b"a", &key.sign_detached(b"a", 0)),
                "byte {at}"
            );
        }
    }
    fs::write(&text, [&bytes[..], &bytes].concat()).expect("written");
    let two = PackageKey::read(&text, LATER).expect_err("two keys");
    assert!(matches!(two, PackageKeyError::Several { .. }), "{two}");
    fs::write(&text, armour).expect("written");
    fs::set_permissions(&text, fs::Permissions::from_mode(0o644)).expect("a mode");
    assert!(
        PackageKey::read(&text, LATER)
            .expect("a key")
            .warning()
            .is_some()
    );
    fs::set_permissions(&text, fs::Permissions::from_mode(0o666)).expect("a mode");
    let open = PackageKey::read(&text, LATER).expect_err("an open file");
    assert!(
        matches!(open, PackageKeyError::Writable { mode: 0o666, .. }),
        "{open}"
    );

    let small = refused(&MadeKey::new("rsa1024", "sign"));
    assert!(small.to_string().contains("RSA of 1024 bits"), "{small}");
    let curve = refused(&MadeKey::new("nistp256", "sign"));
    assert!(curve.to_string().contains("ECDSA"), "{curve}");
    let certifies = refused(&MadeKey::new("ed25519", "cert"));
    assert!(
        matches!(certifies, PackageKeyError::MayNotSign { .. }),
        "{certifies}"
    );
    let secret = refused(&MadeKey::with("ed25519", "sign", "never", "a phrase"));
    assert!(
        matches!(secret, PackageKeyError::Protected { .. }),
        "{secret}"
    );
    let short = MadeKey::with("ed25519", "sign", "1d", "");
    assert!(matches!(refused(&short), PackageKeyError::Expired { .. }));
    let made = PackageKey::read(&short.secret(), 0).expect("a key in time");
    assert!(made.public().created_at() > 1_700_000_000);
}

#[test]
fn the_public_key_is_what_gpg_exports() {
    let workplace = Workplace::new();
    let made = MadeKey::new("rsa2048", "sign");
    for file in [made.secret(), made.binary(), made.public()] {
        let file = file.display().to_string();
        let printed = workplace.run(&["public-key", "--openpgp", &file]).code(0);
        let path = made.path().join("printed.asc");
        fs::write(&path, &printed.stdout).expect("written");
        let shown = made.gpg(&["--show-keys", "--with-colons", &path.display().to_string()]);
        assert!(shown.contains(&made.fingerprint()), "{shown}");
        assert!(
            shown.starts_with("pub:") && !shown.contains("\nsec:"),
            "{shown}"
        );
        let json = workplace.run(&["public-key", "--openpgp", &file, "--format", "json"]);
        let document: serde_json::Value = serde_json::from_str(&json.code(0).stdout).expect("JSON");
        assert_eq!(document["id"], made.fingerprint());
        assert_eq!(document["user"], "Packages <packages@example.com>");
        assert_eq!(document["openpgp"], printed.stdout);
    }
    let pem = workplace.path().join("release.pub");
    fs::write(&pem, "-----BEGIN PUBLIC KEY-----\n").expect("written");
    let refused = workplace.run(&["public-key", "--openpgp", "release.pub"]);
    refused
        .code(2)
        .says("is not an OpenPGP secret or public key");
}
