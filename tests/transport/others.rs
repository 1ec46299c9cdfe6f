//! What other tools read of it, and what they write: oras and cosign.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::results::{architecture, contents};
use crate::attestation::openssl::{KINDS, pair};
use crate::attestation::release::Release;
use crate::support::command::Finished;
use crate::support::preflight;
use crate::support::registry::Registry;

/// A program of `.ci/install-registry-tools`.
pub fn tool(name: &str) -> PathBuf {
    preflight::check();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/registry-tools/usr/bin");
    folder.join(name)
}

/// Runs oras in a folder.
pub fn oras(folder: &Path, words: &[&str]) -> Finished {
    let mut command = Command::new(tool("oras"));
    command.args(words).current_dir(folder).env("HOME", folder);
    let finished: Finished = command.output().expect("oras starts").into();
    finished
}

/// Bytes of all files, by name.
fn bytes_of(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let files = contents(folder).into_iter();
    files.map(|(name, bytes, _)| (name, bytes)).collect()
}

#[test]
fn oras_reads_what_is_pushed() {
    let (release, registry) = (Release::new(), Registry::start());
    let workplace = &release.place.workplace;
    let result = release.result.to_str().unwrap();
    let place = format!("{}/team/tool", registry.address);
    workplace.run(&["push", result, &place]).code(0);
    let folder = tempfile::tempdir().unwrap();
    // As one result, and of the index by its platform.
    let platform = format!("linux/{}", architecture());
    let own = format!("{place}:v1.0.0-{}", architecture());
    let of_version = format!("{place}:v1.0.0");
    for (name, words) in [
        ("own", vec!["pull", "--plain-http", &own]),
        (
            "platform",
            vec!["pull", "--plain-http", "--platform", &platform, &of_version],
        ),
    ] {
        let into = folder.path().join(name);
        fs::create_dir(&into).unwrap();
        oras(&into, &words).code(0);
        assert_eq!(bytes_of(&into), bytes_of(&release.result), "{name}");
    }
    // What is attached.
    let found = oras(
        folder.path(),
        &["discover", "--plain-http", "--format", "json", &own],
    )
    .code(0);
    for kind in [
        "application/vnd.cyclonedx+json",
        "application/vnd.dsse.envelope.v1+json",
    ] {
        assert!(found.stdout.contains(kind), "{}", found.stdout);
    }
    // A layout as well.
    let layout = folder.path().join("layout");
    let layout = layout.to_str().unwrap();
    workplace
        .run(&["push", result, &format!("oci:{layout}")])
        .code(0);
    let into = folder.path().join("from-layout");
    fs::create_dir(&into).unwrap();
    let own = format!("{layout}:v1.0.0-{}", architecture());
    oras(&into, &["pull", "--oci-layout", &own]).code(0);
    assert_eq!(bytes_of(&into), bytes_of(&release.result));
    let found = oras(
        folder.path(),
        &["discover", "--oci-layout", "--format", "json", &own],
    )
    .code(0);
    assert!(
        found.stdout.contains("application/vnd.cyclonedx+json"),
        "{}",
        found.stdout
    );
}

#[test]
fn what_oras_copies_and_pushes_comes_back() {
    let (release, registry) = (Release::new(), Registry::start());
    let workplace = &release.place.workplace;
    let result = release.result.to_str().unwrap();
    let place = format!("{}/team/tool", registry.address);
    workplace.run(&["push", result, &place]).code(0);
    // The index to another repository, and a result to a layout, with what is attached: of an index oras 1.2 cannot copy that.
    let folder = workplace.path();
    let copy = format!("{}/other/copy:v1", registry.address);
    let from = format!("{place}:v1.0.0");
    let words = ["copy", "--from-plain-http", "--to-plain-http", &from, &copy];
    oras(folder, &words).code(0);
    let layout = folder.join("copied");
    let to_layout = format!("{}:v1", layout.display());
    let from = format!("{place}:v1.0.0-{}", architecture());
    let words = [
        "copy",
        "-r",
        "--from-plain-http",
        "--to-oci-layout",
        &from,
        &to_layout,
    ];
    oras(folder, &words).code(0);
    let key = release.public.to_str().unwrap();
    for (number, reference) in [copy, format!("oci:{to_layout}")].iter().enumerate() {
        let back = format!("back{number}");
        workplace
            .run(&["pull", reference, &back, "--key", key])
            .code(0);
        assert_eq!(contents(&folder.join(back)), contents(&release.result));
    }
    // What oras itself makes of the same files is no result, unless it says so: then it is judged as any other.
    let mut words = vec!["push", "--plain-http"];
    let plain = format!("{}/other/plain:v1", registry.address);
    let files: Vec<String> = contents(&release.result)
        .into_iter()
        .map(|(name, ..)| name)
        .collect();
    words.push(&plain);
    words.extend(files.iter().map(String::as_str));
    oras(&release.result, &words).code(0);
    workplace
        .run(&["pull", &plain, "plain"])
        .code(17)
        .says("not a result or a release");
    words.insert(2, "--artifact-type=application/vnd.kmembuild.result.v1");
    oras(&release.result, &words).code(0);
    workplace
        .run(&["pull", &plain, "plain", "--key", key])
        .code(0)
        .prints("its mode is 644");
}

/// The bundle that is attached to a result, as oras finds and fetches it.
fn bundle_of(folder: &Path, result: &str) -> PathBuf {
    let words = [
        "discover",
        "--plain-http",
        "--format",
        "json",
        "--artifact-type",
        "application/vnd.dev.sigstore.bundle.v0.3+json",
        result,
    ];
    let found = oras(folder, &words).code(0).stdout;
    let found: serde_json::Value = serde_json::from_str(&found).unwrap();
    let reference = found["manifests"][0]["reference"].as_str().unwrap();
    oras(folder, &["pull", "--plain-http", reference]).code(0);
    folder.join("provenance.sigstore.json")
}

#[test]
fn cosign_verifies_the_bundle_without_a_network() {
    for kind in KINDS {
        let (release, registry) = (Release::new(), Registry::start());
        let workplace = &release.place.workplace;
        let (private, public) = pair(workplace.path(), "cosign", kind);
        release.attest_with(&private);
        let place = format!("{}/team/tool", registry.address);
        let result = release.result.to_str().unwrap();
        workplace.run(&["push", result, &place]).code(0);
        let own = format!("{place}:v1.0.0-{}", architecture());
        let bundle = bundle_of(workplace.path(), &own);
        let (_, other) = pair(workplace.path(), "other", kind);
        let changed = workplace.write("changed", "not the tool");
        // Before version 3, cosign asks for sigstore's own keys even where none of them is needed.
        let root = r#"{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1", "tlogs": [],
            "certificateAuthorities": [], "ctlogs": [], "timestampAuthorities": []}"#;
        let root = workplace.write("root.json", root);
        let verify = |key: &Path, file: &Path| {
            // Without a network there is nothing but what it is given.
            let mut command = Command::new("unshare");
            command
                .args(["--map-root-user", "--net"])
                .arg(tool("cosign"))
                .args([
                    "verify-blob-attestation",
                    "--insecure-ignore-tlog",
                    "--new-bundle-format",
                ])
                .args(["--type", "https://slsa.dev/provenance/v1", "--bundle"])
                .arg(&bundle)
                .arg("--key")
                .arg(key)
                .arg("--trusted-root")
                .arg(&root)
                .arg(file)
                .env("HOME", workplace.path());
            let finished: Finished = command.output().expect("unshare starts").into();
            finished
        };
        let tool = release.result.join("tool");
        verify(&public, &tool).code(0).says("Verified OK");
        verify(&public, &release.result.join("manifest.json")).code(0);
        assert_ne!(verify(&other, &tool).code, Some(0), "another key");
        assert_ne!(verify(&public, &changed).code, Some(0), "another file");
    }
}
