//! What others make of what is said about a release: their validators, and their signatures.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kmembuild::artifacts::{CHECKSUMS_SIG, ENVELOPE, SBOM};
use kmembuild::attestation::{
    Envelope, EnvelopeSignature, PAYLOAD_TYPE, SigningKey, VerifyingKey, checksums_signature_name,
    minisign_public_key, sign, sign_checksums, verify_checksums,
};

use super::openssl::{KINDS, openssl, pair};
use super::release::Release;
use crate::support::preflight::installed;

/// Runs the verifiers of `.ci/install-verifiers`; whether they accept, and what they said.
fn verifiers(arguments: &[&Path]) -> (bool, String) {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(root.join("target/verifiers/bin/python"))
        .arg(root.join("tests/attestation/verifiers.py"))
        .args(arguments)
        .output()
        .expect("the verifiers are needed for these tests: .ci/install-verifiers");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), said)
}

#[track_caller]
fn accepted(arguments: &[&Path]) {
    let (accepted, said) = verifiers(arguments);
    assert!(accepted, "{said}");
}

#[track_caller]
fn refused(arguments: &[&Path], because: &str) {
    let (accepted, said) = verifiers(arguments);
    assert!(!accepted && said.contains(because), "{said}");
}

#[test]
fn the_bill_of_materials_is_of_its_schema() {
    let release = Release::new();
    let sbom = release.result.join(SBOM);
    accepted(&[Path::new("sbom"), &sbom]);
    let text = fs::read_to_string(&sbom).unwrap();
    release.attest(true);
    assert_eq!(fs::read_to_string(&sbom).unwrap(), text);
    for expected in [
        "pkg:golang/github.com/a/b@v1.0.0",
        "\"kmembuild:compiled-into:tool\"",
        "pkg:deb/debian/libseccomp-dev@2.5.1-1%2Bdeb11u1",
        "\"../b\"",
    ] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
    fs::write(&sbom, text.replace("\"SHA-256\"", "\"SHA-3\"")).unwrap();
    refused(&[Path::new("sbom"), &sbom], "SHA-3");
}

#[test]
fn the_signed_statement_is_accepted_by_securesystemslib_and_in_toto() {
    let release = Release::new();
    let envelope = release.result.join(ENVELOPE);
    let (verify, statement) = (Path::new("verify"), Path::new("statement"));
    accepted(&[verify, &envelope, &release.public]);
    accepted(&[statement, &envelope]);
    let (_, stranger) = pair(release.place.workplace.path(), "stranger", KINDS[1]);
    refused(&[verify, &envelope, &stranger], "VerificationError");
    let mut forged: Envelope = serde_json::from_slice(&fs::read(&envelope).unwrap()).unwrap();
    let mut payload = forged.payload().unwrap();
    let middle = payload.len() / 2;
    payload[middle] ^= 1;
    forged.payload = STANDARD.encode(payload);
    fs::write(&envelope, serde_json::to_string(&forged).unwrap()).unwrap();
    refused(&[verify, &envelope, &release.public], "VerificationError");
}

#[test]
fn each_side_accepts_what_the_other_signs() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let payload = folder.join("payload");
    fs::write(&payload, "{\"what\": \"a statement\"}\n").unwrap();
    let text = fs::read(&payload).unwrap();
    for (index, kind) in KINDS.into_iter().enumerate() {
        let (private, public) = pair(folder, &format!("pair{index}"), kind);
        let keys = [VerifyingKey::read(&public).unwrap()];
        let envelope = folder.join("envelope.json");

        let ours = sign(&text, PAYLOAD_TYPE, &SigningKey::read(&private).unwrap());
        fs::write(&envelope, serde_json::to_string(&ours).unwrap()).unwrap();
        accepted(&[Path::new("verify"), &envelope, &public]);

        accepted(&[Path::new("sign"), &payload, &private, &envelope]);
        let theirs: Envelope = serde_json::from_slice(&fs::read(&envelope).unwrap()).unwrap();
        assert_eq!(theirs.verify(&keys).unwrap(), text);
    }
}

#[test]
fn openssl_accepts_what_is_signed_and_its_signatures_are_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let text = "said";
    let encoded = format!(
        "DSSEv1 {} {PAYLOAD_TYPE} {} {text}",
        PAYLOAD_TYPE.len(),
        text.len()
    );
    fs::write(folder.join("pae"), encoded).unwrap();
    for (kind, check, make) in [
        (
            KINDS[0],
            "pkeyutl -verify -pubin -inkey k.pub -rawin -in pae -sigfile sig",
            "pkeyutl -sign -inkey k.key -rawin -in pae -out sig",
        ),
        (
            KINDS[1],
            "dgst -sha256 -verify k.pub -signature sig pae",
            "dgst -sha256 -sign k.key -out sig pae",
        ),
    ] {
        let (private, public) = pair(folder, "k", kind);
        let mut envelope = sign(
            text.as_bytes(),
            PAYLOAD_TYPE,
            &SigningKey::read(&private).unwrap(),
        );
        let signature = STANDARD.decode(&envelope.signatures[0].sig).unwrap();
        fs::write(folder.join("sig"), signature).unwrap();
        openssl(folder, check);

        openssl(folder, make);
        envelope.signatures = vec![EnvelopeSignature {
            keyid: String::new(),
            sig: STANDARD.encode(fs::read(folder.join("sig")).unwrap()),
        }];
        let keys = [VerifyingKey::read(&public).unwrap()];
        assert_eq!(envelope.verify(&keys).unwrap(), text.as_bytes());
    }
}

/// Runs `minisign`; whether it was content, and what it said.
fn minisign(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let output = installed("minisign")
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("minisign is needed for this test: .ci/install-packages minisign");
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

#[test]
fn minisign_accepts_the_signature_of_the_checksums() {
    let release = Release::new();
    let private = release.private.to_str().unwrap();
    let key = release
        .place
        .workplace
        .run(&["public-key", private, "--minisign"])
        .code(0);
    let key = key.stdout.trim();
    let words = ["-V", "-P", key, "-m", "SHA256SUMS"];
    let (accepted, said) = minisign(&release.root, &words);
    assert!(accepted, "{said}");
    assert!(said.contains("file:SHA256SUMS"), "{said}");
    // The file has a line more; the digest, the comment and the key are each looked at.
    let sums = release.root.join("SHA256SUMS");
    let honest = fs::read(&sums).unwrap();
    fs::write(&sums, [&honest[..], b"\n"].concat()).unwrap();
    assert!(!minisign(&release.root, &words).0);
    fs::write(&sums, &honest).unwrap();
    let signature = release.root.join("SHA256SUMS.minisig");
    let text = fs::read_to_string(&signature).unwrap();
    fs::write(&signature, text.replace("file:", "File:")).unwrap();
    assert!(!minisign(&release.root, &words).0);
    release.verify(&release.root).code(17);
    fs::write(&signature, &text).unwrap();
    let (other, _) = pair(&release.root, "other", KINDS[0]);
    let other = SigningKey::read(&other).unwrap().public();
    let other = minisign_public_key(&other).unwrap();
    let (accepted, said) = minisign(&release.root, &["-V", "-P", &other, "-m", "SHA256SUMS"]);
    assert!(!accepted, "{said}");
}

#[test]
fn openssl_accepts_the_signature_of_the_checksums_by_an_ecdsa_key() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (private, public) = pair(folder, "k", KINDS[1]);
    let key = SigningKey::read(&private).unwrap();
    assert_eq!(minisign_public_key(&key.public()), None);
    assert_eq!(key.public().to_pem(), fs::read_to_string(&public).unwrap());
    let name = checksums_signature_name(key.public().kind());
    assert_eq!(name, CHECKSUMS_SIG);
    fs::write(folder.join("SHA256SUMS"), "some sums\n").unwrap();
    let text = sign_checksums(b"some sums\n", &key);
    fs::write(folder.join("sig"), STANDARD.decode(text.trim()).unwrap()).unwrap();
    openssl(
        folder,
        "dgst -sha256 -verify k.pub -signature sig SHA256SUMS",
    );
    let keys = [key.public()];
    verify_checksums(b"some sums\n", name, &text, &keys).unwrap();
    let error = verify_checksums(b"other sums\n", name, &text, &keys).unwrap_err();
    assert!(error.to_string().contains(&key.public().id()), "{error}");
}

/// The script of the page on releases, run as it stands there.
#[test]
fn the_script_of_the_readme_accepts_and_refuses() {
    let release = Release::new();
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("docs/releases.md")).unwrap();
    let (_, rest) = readme
        .split_once("<<'END'\n")
        .expect("the page has the script");
    let (script, _) = rest.split_once("    END\n").expect("the script ends");
    let script: String = script
        .lines()
        .map(|line| format!("{}\n", line.strip_prefix("    ").unwrap_or(line)))
        .collect();
    let run = |public: &Path| {
        let output = Command::new(root.join("target/verifiers/bin/python"))
            .arg("-c")
            .arg(&script)
            .args([&release.result.join(ENVELOPE), public])
            .output()
            .expect("the verifiers are needed for these tests: .ci/install-verifiers");
        let said = [output.stdout, output.stderr].concat();
        (
            output.status.success(),
            String::from_utf8_lossy(&said).into_owned(),
        )
    };
    let (accepted, said) = run(&release.public);
    assert!(
        accepted && said.contains(&release.manifest().files[0].sha256),
        "{said}"
    );
    let (_, stranger) = pair(release.place.workplace.path(), "stranger", KINDS[0]);
    let (accepted, said) = run(&stranger);
    assert!(!accepted && said.contains("VerificationError"), "{said}");
}
