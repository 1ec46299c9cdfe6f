//! `kmembuild push` and `kmembuild pull`, with a release that the whole binary built.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::attestation::openssl::pair;
use crate::attestation::release::Release;
use crate::scripted::place::platform;
use crate::support::command::Finished;
use crate::support::hostile_registry::{Conduct, HostileRegistry};
use crate::support::https_front;
use crate::support::registry::{Registry, base64};

/// All files below a directory with their bytes and whether they can be run.
pub fn contents(root: &Path) -> Vec<(String, Vec<u8>, bool)> {
    use std::os::unix::fs::PermissionsExt as _;
    let (mut found, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                let mode = fs::metadata(&path).unwrap().permissions().mode();
                found.push((name.to_owned(), fs::read(&path).unwrap(), mode & 0o111 != 0));
            }
        }
    }
    found.sort();
    found
}

pub fn architecture() -> String {
    platform().split_once('-').unwrap().1.to_owned()
}

fn push(release: &Release, what: &Path, reference: &str) -> Finished {
    let what = what.to_str().unwrap();
    release.place.workplace.run(&["push", what, reference])
}

fn pull(release: &Release, reference: &str, name: &str) -> (Finished, PathBuf) {
    let key = release.public.to_str().unwrap();
    let words = ["pull", reference, name, "--key", key];
    let finished = release.place.workplace.run(&words);
    (finished, release.place.workplace.path().join(name))
}

/// Places for artifacts: a repository of a registry, and a layout.
fn places(release: &Release, registry: &Registry) -> [String; 2] {
    let layout = release.place.workplace.path().join("layout");
    [
        format!("{}/team/tool", registry.address),
        format!("oci:{}", layout.display()),
    ]
}

#[test]
fn a_result_comes_back_as_it_was_and_is_verified() {
    let (release, registry) = (Release::new(), Registry::start());
    for (number, place) in places(&release, &registry).iter().enumerate() {
        let own = format!("v1.0.0-{}", architecture());
        let pushed = push(&release, &release.result, place).code(0);
        let pushed = pushed.prints(&format!("{place}:{own}")).prints("pushed: ");
        assert!(
            pushed
                .stdout
                .ends_with(&format!("next: kmembuild pull {place}:v1.0.0 DIR\n")),
            "{}",
            pushed.stdout
        );
        for tag in [own.as_str(), "v1.0.0"] {
            let (pulled, folder) = pull(
                &release,
                &format!("{place}:{tag}"),
                &format!("{number}{tag}"),
            );
            pulled.code(0).prints("proved by signature");
            assert_eq!(contents(&folder), contents(&release.result));
        }
        // The same again moves nothing, and has the same digests.
        let again = push(&release, &release.result, place).code(0);
        let again = again.prints("unchanged: everything was there already");
        let digests = |finished: &Finished| -> Vec<String> {
            let words = finished.stdout.split_whitespace();
            words
                .filter(|word| word.starts_with("sha256:"))
                .map(ToOwned::to_owned)
                .collect()
        };
        assert_eq!(digests(&again), digests(&pushed));
        assert_eq!(digests(&again).len(), 2);
        // An earlier result is replaced, and so is one by its digest.
        let by_digest = format!("{place}@{}", digests(&again)[0]);
        let (pulled, folder) = pull(&release, &by_digest, &format!("{number}v1.0.0"));
        pulled.code(0);
        assert_eq!(contents(&folder), contents(&release.result));
    }
    // The same digests in a registry and in a layout.
    let [one, other] = places(&release, &registry).map(|place| {
        push(&release, &release.result, &place)
            .code(0)
            .stdout
            .replace(&place, "")
    });
    assert_eq!(one, other);
}

#[test]
fn tags_can_be_chosen_and_documents_read() {
    let (release, registry) = (Release::new(), Registry::start());
    let place = format!("{}/team/tool", registry.address);
    let result = release.result.to_str().unwrap();
    let run = |words: &[&str]| release.place.workplace.run(words).code(0).stdout;
    let text = run(&["push", result, &format!("{place}:mine"), "--format", "json"]);
    let document: Value = serde_json::from_str(&text).unwrap();
    let tags: Vec<_> = document["tags"].as_array().unwrap().iter().collect();
    assert_eq!(
        tags[0]["reference"],
        format!("{place}:mine-{}", architecture())
    );
    assert_eq!(tags[1]["reference"], format!("{place}:mine"));
    assert_eq!(tags[1]["kind"], "version");
    assert_eq!(document["blobs"], document["moved-blobs"]);
    assert!(
        document["format"].is_u64() && document["verdict"].is_string(),
        "{text}"
    );
    let text = run(&["pull", &format!("{place}:mine"), "back", "--format", "json"]);
    let document: Value = serde_json::from_str(&text).unwrap();
    let reference = document["reference"].as_str().unwrap();
    assert!(reference.starts_with(&format!("{place}@sha256:")), "{text}");
    assert_eq!(document["audit"]["problems"], serde_json::json!([]));
}

#[test]
fn a_release_comes_back_whole() {
    let (release, registry) = (Release::new(), Registry::start());
    let address = &registry.address;
    let layout = release.place.workplace.path().join("layout");
    for (place, of_version) in [
        (
            format!("{address}/team"),
            format!("{address}/team/tool:v1.0.0"),
        ),
        (
            format!("oci:{}", layout.display()),
            format!("oci:{}:tool-v1.0.0", layout.display()),
        ),
    ] {
        push(&release, &release.root, &place)
            .code(0)
            .prints(&format!("{place}:latest"));
        let name = if place.starts_with("oci:") { "a" } else { "b" };
        let (pulled, folder) = pull(&release, &format!("{place}:latest"), name);
        pulled.code(0).prints("proved by signature");
        assert_eq!(contents(&folder), contents(&release.root));
        let (pulled, folder) = pull(&release, &of_version, &format!("{name}-version"));
        pulled.code(0);
        assert_eq!(contents(&folder), contents(&release.result));
        push(&release, &release.root, &place)
            .code(0)
            .prints("unchanged");
    }
}

#[test]
fn what_is_not_proven_is_neither_pushed_nor_pulled() {
    let (release, registry) = (Release::new(), Registry::start());
    let place = format!("{}/team/tool", registry.address);
    push(&release, &release.result, &place).code(0);
    let reference = format!("{place}:v1.0.0");
    // Another key than the one that signed.
    let (_, other) = pair(release.place.workplace.path(), "other", "ed25519");
    let other = other.to_str().unwrap();
    let workplace = &release.place.workplace;
    let refused = workplace.run(&["pull", &reference, "back", "--key", other]);
    refused.code(17).says("not signed by the key");
    assert!(!workplace.path().join("back").exists());
    // An earlier directory stays as it was, and nothing is left beside it.
    let (pulled, folder) = pull(&release, &reference, "back");
    pulled.code(0);
    let before = contents(&folder);
    let refused = workplace.run(&["pull", &reference, "back", "--key", other]);
    refused
        .code(17)
        .says("what was in the directory before is unchanged");
    assert_eq!(contents(&folder), before);
    let beside = fs::read_dir(workplace.path()).unwrap();
    let left = beside.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().contains("partial")
    });
    assert_eq!(left.count(), 0);
    // A directory with something else in it is left alone.
    workplace.write("notes/todo.txt", "mine");
    let (refused, folder) = pull(&release, &reference, "notes");
    refused.code(15).says("something else in it");
    assert_eq!(contents(&folder).len(), 1);
    // A changed result is not pushed.
    let log = release.result.join("build.log");
    fs::write(&log, "another log").unwrap();
    let second = format!("{}/team/second", registry.address);
    push(&release, &release.result, &second)
        .code(17)
        .says("build.log");
    let (missing, _) = pull(&release, &format!("{second}:v1.0.0"), "none");
    missing.code(12).says("not found");
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let (release, registry) = (Release::new(), Registry::start());
    let place = format!("{}/team/tool", registry.address);
    let digest = format!("{place}@sha256:{}", "1".repeat(64));
    push(&release, &release.result, &digest)
        .code(2)
        .says("cannot be chosen");
    push(&release, &release.result, "tool")
        .code(2)
        .says("a registry and a repository are required");
    push(&release, &release.result, "reg.example/Tool")
        .code(2)
        .says("upper-case");
    let (refused, _) = pull(&release, &place, "back");
    refused.code(2).says("does not say which artifact");
    let (refused, _) = pull(&release, &digest, "back");
    refused.code(12).says("not found");
    let nowhere = crate::support::registry::free_address();
    let (refused, _) = pull(&release, &format!("https://{nowhere}/a:v1"), "back");
    refused.code(12).says("no connection");
    let (refused, _) = pull(&release, &format!("https://{place}:v1"), "back");
    refused.code(12).says("write http:// before its name");
    push(&release, &release.result, &place).code(0);
    let workplace = &release.place.workplace;
    let refused = workplace.run(&[
        "pull",
        &format!("{place}:v1.0.0"),
        "back",
        "--arch",
        "mips64le",
    ]);
    refused.code(11).says("has nothing for linux/mips64le");
}

#[test]
fn tls_and_passwords_are_the_users() {
    let (release, registry) = (Release::new(), Registry::start_with_tls());
    let place = format!("https://{}/team/tool", registry.address);
    push(&release, &release.result, &place)
        .code(12)
        .says("invalid peer certificate")
        .says("SSL_CERT_FILE");
    let result = release.result.to_str().unwrap();
    let workplace = &release.place.workplace;
    let trusting = |words: &[&str]| -> Finished {
        let mut command = workplace.command(words);
        command.env("SSL_CERT_FILE", https_front::certificate());
        command.output().unwrap().into()
    };
    trusting(&["push", result, &place]).code(0);
    trusting(&["pull", &format!("{place}:v1.0.0"), "back"]).code(0);
    assert_eq!(
        contents(&workplace.path().join("back")),
        contents(&release.result)
    );

    let registry = Registry::start_for("me", "secret");
    let place = format!("{}/team/tool", registry.address);
    push(&release, &release.result, &place)
        .code(12)
        .says("docker login");
    let pair = base64("me:secret");
    let config = format!(
        r#"{{"auths": {{"{}": {{"auth": "{pair}"}}}}}}"#,
        registry.address
    );
    workplace.write("home/.docker/config.json", &config);
    push(&release, &release.result, &place)
        .code(0)
        .says("using the credentials for");
    let (pulled, folder) = pull(&release, &format!("{place}:v1.0.0"), "with-password");
    pulled.code(0);
    assert_eq!(contents(&folder), contents(&release.result));
}

#[test]
fn content_that_changes_behind_a_tag_is_one_or_the_other() {
    let (release, registry) = (Release::new(), Registry::start());
    let place = format!("{}/team/tool", registry.address);
    push(&release, &release.result, &place).code(0);
    let own = contents(&release.result);
    // After the first look at the tag it is another artifact's.
    let other = br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;
    let proxy = HostileRegistry::start(&registry.address, move |asked| {
        if asked.path.ends_with("/manifests/v1.0.0") && asked.number > 0 {
            Conduct::Body(other.to_vec())
        } else {
            Conduct::Pass
        }
    });
    let reference = format!("{}/team/tool:v1.0.0", proxy.address);
    let (pulled, folder) = pull(&release, &reference, "back");
    pulled.code(0);
    assert_eq!(contents(&folder), own);
    let (refused, folder) = pull(&release, &reference, "back");
    refused.code(17).says("not a result or a release");
    assert_eq!(contents(&folder), own);
}
