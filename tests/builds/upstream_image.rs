//! Images that are built: upstream's own Dockerfile with its context repaired, and the recipe's lean one.

use rustix::process::Signal;

use crate::support::build_place::BuildPlace;
use crate::support::busybox_server::BusyboxServer;
use crate::support::docker_command::{containers_that_run, docker};
use crate::support::mirrors::Mirrors;
use crate::support::shaped_project::BASE_IMAGE;
use crate::support::toolchain_image::toolchain_image;

fn words(way: &str, mirrors: &Mirrors) -> Vec<String> {
    [vec!["--image".to_owned(), way.to_owned()], mirrors.words()].concat()
}

#[test]
fn upstreams_image_is_repaired_and_what_is_compiled_is_not_touched() {
    let mut mirrors = Mirrors::with(toolchain_image(), &[BASE_IMAGE]);
    let busybox = BusyboxServer::start();
    let urls = [
        BusyboxServer::dead_url(),
        busybox.url("gone.tar.xz"),
        busybox.url("busybox.tar.xz"),
    ];
    let build = BuildPlace::shaped("upstream", &[("@BUSYBOX_URLS@", &urls.join(" "))]);
    let words = words("upstream", &mirrors);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let served = format!("busybox root file system from {}", urls[2]);
    build
        .build("v1.0.0-rc10", &words)
        .code(0)
        .says(&format!("note: {served}"));
    assert_eq!(busybox.requests(), ["/gone.tar.xz", "/busybox.tar.xz"]);

    let manifest = build.manifest("v1.0.0-rc10");
    let image = &manifest["image"];
    assert_eq!(
        image["pulled"][BASE_IMAGE],
        mirrors.working(BASE_IMAGE).as_str()
    );
    assert_eq!(image["patches"][0]["file"], "shaped/busybox.patch");
    assert_eq!(image["remarks"][0], served.as_str());
    let source = &manifest["source"]["git"];
    assert_eq!(source["unmodified"], true);
    assert_eq!(source["patches"], serde_json::json!([]));
    let name = image["name"].as_str().expect("the image's name");
    let look = [
        "run",
        "--rm",
        "--entrypoint",
        "cat",
        name,
        "/busybox/bin/busybox",
    ];
    assert_eq!(docker(&look), "a root file system");

    // Neither the base nor the root file system is fetched again: both servers are silent now.
    mirrors.stop();
    build
        .build("v1.0.0-rc10", &[&words[..], &["--no-cache"]].concat())
        .code(0)
        .says(&format!("image {name} is already on the engine"));
    assert_eq!(busybox.requests().len(), 2);
    build.assert_nothing_is_left();
}

#[test]
fn without_any_busybox_the_image_is_made_all_the_same_and_says_so() {
    const WARNING: &str = "the busybox root file system could not be fetched from any candidate";
    let mirrors = Mirrors::with(toolchain_image(), &[BASE_IMAGE]);
    let urls = [BusyboxServer::dead_url(), BusyboxServer::dead_url()].join(" ");
    let build = BuildPlace::shaped("no-busybox", &[("@BUSYBOX_URLS@", &urls)]);
    let words = words("upstream", &mirrors);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    build
        .build("v1.0.0-rc9", &[&words[..], &["--quiet"]].concat())
        .code(0)
        .says(&format!("warning: {WARNING}"));
    let remarks = build.manifest("v1.0.0-rc9")["image"]["remarks"].to_string();
    assert!(remarks.contains(WARNING), "{remarks}");
    build.assert_nothing_is_left();
}

#[test]
fn a_lean_image_starts_from_what_upstreams_dockerfile_names() {
    let mirrors = Mirrors::with(toolchain_image(), &[BASE_IMAGE]);
    // Of this run alone: the engine's builder prints nothing of an instruction that it remembers, or that another build
    // carries out at the same time.
    let note = format!("nothing to add to the base, says {}", std::process::id());
    let build = BuildPlace::shaped("lean", &[("nothing to add to the base", &note)]);
    let words = words("lean", &mirrors);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    build
        .build("v1.0.0-rc93", &words)
        .code(0)
        .says("lean image based on golang:1.12-kmembuild-test")
        .says(&format!("note: {note}"));
    let manifest = build.manifest("v1.0.0-rc93");
    let image = &manifest["image"];
    assert_eq!(
        image["pulled"][BASE_IMAGE],
        mirrors.working(BASE_IMAGE).as_str()
    );
    assert_eq!(image["remarks"][0], note.as_str());
    assert_eq!(image["patches"], serde_json::json!([]));
    build.assert_nothing_is_left();
}

#[test]
fn what_an_image_has_in_the_work_folder_is_not_compiled_along() {
    let image = toolchain_image();
    let stray = "printf 'package main\\nfunc init() { version = `0` }\\n' > /go/src/example.org/shaped/stray.go";
    let lean = format!("  lean:\n    base: {image}\n");
    let replacements = [
        ("  lean:\n", lean.as_str()),
        (
            "make --version",
            &format!("mkdir -p /go/src/example.org/shaped && {stray}"),
        ),
    ];
    let build = BuildPlace::shaped("stray", &replacements);
    build
        .build("v1.0.0-rc10", &["--image", "lean"])
        .code(0)
        .prints("runc version 1.0.0-rc10");
    build.assert_nothing_is_left();
}

#[test]
fn an_interrupted_image_build_leaves_no_container() {
    let sleeping = format!("sleep 300.{}", std::process::id());
    let image = toolchain_image();
    let lean = format!("  lean:\n    base: {image}\n");
    let replacements = [("  lean:\n", lean.as_str()), ("make --version", &sleeping)];
    let build = BuildPlace::shaped("image-interrupted", &replacements);
    let mut run = build.start("v1.0.0-rc10", &["--image", "lean"]);
    run.until(|| !containers_that_run(&sleeping).is_empty());
    run.send(Signal::INT);
    run.finish().code(130);
    assert!(containers_that_run(&sleeping).is_empty());
    build.assert_nothing_is_left();
}
