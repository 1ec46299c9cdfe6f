//! Key files: which are taken, and what is said of the others.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use kmembuild::attestation::{Envelope, KeyError, PAYLOAD_TYPE, SigningKey, VerifyingKey, sign};
use kmembuild::events::Warning;

use super::openssl::{KINDS, openssl, pair};
use crate::support::command::Workplace;

#[test]
fn keys_that_openssl_makes_sign_and_their_public_halves_verify() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (index, kind) in KINDS.into_iter().enumerate() {
        let (private, public) = pair(folder, &format!("pair{index}"), kind);
        let key = SigningKey::read(&private).unwrap();
        let public = VerifyingKey::read(&public).unwrap();
        assert_eq!(key.public(), public);
        let envelope = sign(b"text", PAYLOAD_TYPE, &key);
        assert_eq!(envelope, sign(b"text", PAYLOAD_TYPE, &key));
        assert_eq!(envelope.signatures[0].keyid, public.id());
        assert_eq!(
            envelope.verify(std::slice::from_ref(&public)),
            Ok(b"text".to_vec())
        );
        let other_type = Envelope {
            payload_type: "text/plain".to_owned(),
            ..envelope.clone()
        };
        assert!(other_type.verify(std::slice::from_ref(&public)).is_err());
        // The id is a hint: a wrong one is passed over, and no signature is taken for none that is wrong.
        let mut hint = envelope.clone();
        hint.signatures[0].keyid = "?".to_owned();
        assert!(hint.verify(std::slice::from_ref(&public)).is_ok());
        let mut unsigned = envelope.clone();
        unsigned.signatures.clear();
        assert!(unsigned.verify(&[public]).is_err());
        let der = openssl(
            folder,
            &format!("pkey -pubin -in pair{index}.pub -outform DER"),
        );
        assert_eq!(key.public().id(), kmembuild::checksum::sha256_hex(&der));
    }
    // As `openssl ecparam -genkey` writes it: parameters first, then the key in SEC 1.
    openssl(folder, "ecparam -name prime256v1 -genkey -out sec1.key");
    openssl(folder, "pkey -in sec1.key -pubout -out sec1.pub");
    let text = fs::read_to_string(folder.join("sec1.key")).unwrap();
    assert!(text.contains("BEGIN EC PARAMETERS") && text.contains("BEGIN EC PRIVATE KEY"));
    let key = SigningKey::read(&folder.join("sec1.key")).unwrap();
    assert_eq!(
        key.public(),
        VerifyingKey::read(&folder.join("sec1.pub")).unwrap()
    );
}

#[test]
fn a_public_key_is_printed_with_a_warning_of_what_others_can_read() {
    let workplace = Workplace::new();
    let (private, public) = pair(workplace.path(), "key", "ed25519");
    let private = private.to_str().expect("text");
    let pem = fs::read_to_string(&public).unwrap();
    let words = ["public-key", private];
    let quiet = workplace.run(&words).code(0);
    assert_eq!((&quiet.stdout, quiet.stderr.as_str()), (&pem, ""));
    fs::set_permissions(private, fs::Permissions::from_mode(0o640)).unwrap();
    let warned = workplace.run(&words).code(0).says("warning: ").says("key");
    assert_eq!(warned.stdout, pem);
    let json = workplace
        .run(&["public-key", private, "--format", "json"])
        .code(0);
    let document: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(document["remarks"].as_array().map(Vec::len), Some(1));
    let next = "kmembuild verify dist --key release.pub";
    assert_eq!(
        (&document["next"], json.stderr.as_str()),
        (&next.into(), "")
    );
}

#[test]
fn a_key_that_others_can_read_is_warned_of_and_one_that_all_can_change_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (private, _) = pair(folder.path(), "key", "ed25519");
    let with_mode = |mode| {
        fs::set_permissions(&private, fs::Permissions::from_mode(mode)).unwrap();
        SigningKey::read(&private)
    };
    for mode in [0o600, 0o400, 0o700] {
        assert_eq!(with_mode(mode).unwrap().warning(), None, "{mode:o}");
    }
    for mode in [0o644, 0o640, 0o604, 0o660, 0o620] {
        let warning = with_mode(mode).unwrap().warning();
        assert_eq!(warning, Some(Warning::ExposedKey(private.clone(), mode)));
    }
    for mode in [0o666, 0o602, 0o777] {
        let error = with_mode(mode).unwrap_err();
        assert!(matches!(error, KeyError::Writable { mode: found, .. } if found == mode));
        assert!(error.remedy().contains("chmod 600"), "{}", error.remedy());
    }
    // A link to it is as open as what it leads to.
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&private, &link).unwrap();
    assert!(SigningKey::read(&link).is_err());
    // What a key is comes first: a password protects it in any mode.
    openssl(
        folder.path(),
        "pkey -in key.key -aes256 -passout pass:secret -out locked.key",
    );
    let locked = folder.path().join("locked.key");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o666)).unwrap();
    let error = SigningKey::read(&locked).unwrap_err();
    assert!(error.to_string().contains("is an encrypted private key"));
}

#[test]
fn a_key_file_without_end_is_refused() {
    let error = SigningKey::read("/dev/zero".as_ref()).unwrap_err();
    assert!(matches!(error, KeyError::Unreadable { .. }), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let large = folder.path().join("large.key");
    fs::File::create(&large).unwrap().set_len(1 << 30).unwrap();
    assert!(matches!(
        VerifyingKey::read(&large),
        Err(KeyError::Unreadable { .. })
    ));
}

#[test]
fn other_files_are_named_for_what_they_are_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pair(folder, "good", "ed25519");
    pair(folder, "rsa", "RSA -pkeyopt rsa_keygen_bits:2048");
    pair(folder, "p384", "EC -pkeyopt ec_paramgen_curve:P-384");
    pair(folder, "ed448", "ed448");
    for make in [
        "pkcs8 -topk8 -in good.key -passout pass:x -out encrypted.key",
        "rsa -in rsa.key -traditional -out rsa1.key",
        "rsa -in rsa.key -traditional -aes128 -passout pass:x -out rsa2.key",
        "ecparam -name secp384r1 -genkey -out sec384.key",
        "req -x509 -key good.key -subj /CN=x -out certificate.pem",
    ] {
        openssl(folder, make);
    }
    fs::write(folder.join("text"), "no key\n").unwrap();
    let cut = fs::read_to_string(folder.join("good.key")).unwrap();
    fs::write(folder.join("cut.key"), cut.replace("MC4", "MC8")).unwrap();
    for (file, what, remedy) in [
        ("good.pub", "a public key", "use its private key"),
        (
            "rsa.key",
            "an RSA key",
            "openssl genpkey -algorithm ed25519",
        ),
        ("rsa1.key", "an RSA key", "openssl genpkey"),
        ("rsa2.key", "an encrypted private key", "openssl pkey -in"),
        (
            "encrypted.key",
            "an encrypted private key",
            "openssl pkey -in",
        ),
        (
            "p384.key",
            "an ECDSA key with the curve P-384",
            "openssl genpkey",
        ),
        (
            "sec384.key",
            "an ECDSA key with a different curve",
            "openssl genpkey",
        ),
        ("ed448.key", "an Ed448 key", "openssl genpkey"),
        ("certificate.pem", "a certificate", "openssl genpkey"),
        ("text", "a file without a PEM block", "openssl genpkey"),
        ("cut.key", "is damaged", "backup"),
        ("nowhere", "could not read", "use a PEM file"),
    ] {
        let error = SigningKey::read(&folder.join(file)).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(what) && text.contains(file), "{text}");
        assert!(error.remedy().contains(remedy), "{}", error.remedy());
    }
    for (file, what) in [
        ("good.key", "a private key"),
        ("rsa.pub", "an RSA key"),
        ("p384.pub", "an ECDSA key with the curve P-384"),
        ("certificate.pem", "a certificate"),
    ] {
        let error = VerifyingKey::read(&folder.join(file)).unwrap_err();
        assert!(error.to_string().contains(what), "{error}");
        assert!(error.remedy().contains("-pubout"), "{}", error.remedy());
    }
}
