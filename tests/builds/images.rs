//! Toolchain images from registries, mirrors and archives.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::build_place::BuildPlace;
use crate::support::debian_image::debian_image;
use crate::support::docker_command::{docker, docker_succeeds};
use crate::support::mirrors::Mirrors;
use crate::support::registry::{Pulled, free_address};
use crate::support::toolchain_image::toolchain_image;

#[test]
fn a_ready_image_comes_from_the_one_mirror_that_has_it_and_gets_the_expected_name() {
    const NAME: &str = "shaped_dev:v1.0.0-rc10";
    let mut mirrors = Mirrors::with(toolchain_image(), &[NAME]);
    let build = BuildPlace::shaped("registry", &[]);
    let words = [
        vec!["--image".to_owned(), "registry".to_owned()],
        mirrors.words(),
    ]
    .concat();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let first = build.build("v1.0.0-rc10", &words).code(0);
    let mut told = first.stderr.as_str();
    for (useless, reason) in mirrors.useless(NAME).iter().zip([
        "connection refused",
        "connection refused",
        "manifest unknown",
        "manifest unknown",
    ]) {
        let begin = format!("{NAME}: not available from {useless}: ");
        let (_, rest) = told
            .split_once(&begin)
            .unwrap_or_else(|| panic!("{begin:?} is not in {told}"));
        let line = rest.lines().next().unwrap_or_default();
        assert!(line.contains(reason), "{line}");
        told = rest;
    }
    let manifest = build.manifest("v1.0.0-rc10");
    let image = &manifest["image"];
    assert_eq!(image["name"], NAME);
    assert_eq!(image["pulled"][NAME], mirrors.working(NAME).as_str());
    assert_eq!(
        image["id"],
        docker(&["inspect", "-f", "{{.Id}}", NAME]).as_str()
    );
    let digest = format!(
        "{}@sha256:",
        mirrors.working(NAME).trim_end_matches(":v1.0.0-rc10")
    );
    let digests = image["repo-digests"].to_string();
    assert!(digests.contains(&digest), "{digests}");

    mirrors.stop();
    let words = [&words[..], &["--no-cache"]].concat();
    build
        .build("v1.0.0-rc10", &words)
        .code(0)
        .says(&format!("image {NAME} is already on the engine"));
    let again = build.manifest("v1.0.0-rc10");
    assert!(again["image"]["pulled"][NAME].is_null());
    assert_eq!(again["files"][0]["sha256"], manifest["files"][0]["sha256"]);
    build.assert_nothing_is_left();
}

#[test]
fn an_image_that_nobody_has_is_exit_12_with_every_place_that_was_asked() {
    let [own, mirror] = [free_address(), free_address()];
    let build = BuildPlace::steps("nobody-has-it", "true", "out");
    let name = format!("{own}/team/toolchain:1");
    let words = ["--image-name", &name, "--mirror", &mirror];
    build
        .build("v1.0.0-rc10", &words)
        .code(12)
        .says(&format!("image {name} was not found anywhere:"))
        .says(&format!("\n  {mirror}/team/toolchain:1: "))
        .says(&format!("\n  {mirror}/toolchain:1: "))
        .says(&format!("\n  {name}: "))
        .says("hint: use --mirror (or `mirrors` in the configuration) for another registry");
    build.assert_nothing_is_left();
}

#[test]
fn an_image_archive_is_loaded_once() {
    let name = format!("kmembuild-test/archived:{}", std::process::id());
    let container = docker(&["create", &debian_image(), "true"]);
    docker(&[
        "commit",
        "--change",
        "LABEL io.kmembuild.test=archived",
        &container,
        &name,
    ]);
    docker(&["rm", &container]);
    let _named = Pulled(name.clone());
    let build = BuildPlace::steps("archive", "cp /bin/true out", "out");
    let file = build.place.path().join("image.tar");
    docker(&["save", "-o", &file.display().to_string(), &name]);
    let id = docker(&["inspect", "-f", "{{.Id}}", &name]);
    docker(&["rmi", &name]);
    assert!(!docker_succeeds(&["inspect", &id]));

    let begin = seconds();
    for _ in 0..2 {
        build
            .build("v1.0.0-rc10", &["--image-archive", "image.tar"])
            .code(0);
        assert_eq!(build.manifest("v1.0.0-rc10")["image"]["id"], id.as_str());
    }
    let span = [begin, seconds() + 1].map(|time| time.to_string());
    let events = ["events", "--since", &span[0], "--until", &span[1]];
    let loads = ["--filter", "event=load", "--format", "{{.ID}}"];
    let loads = docker(&[&events[..], &loads].concat());
    assert_eq!(
        loads.lines().filter(|&loaded| loaded == id).count(),
        1,
        "{loads}"
    );
    build.assert_nothing_is_left();
}

fn seconds() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.expect("a clock after 1970").as_secs()
}
