//! Upstream's own script, in small: what it leaves on the engine is found and removed.

use rustix::process::Signal;

use super::place::{DEBIAN_TAG, KubeletPlace, engine_alone, make_image, script_image};
use crate::support::build_place::manifest;
use crate::support::debian_image::debian_image;
use crate::support::docker_command::{docker, docker_succeeds};
use crate::support::kubelet_recipe::DEBIAN;
use crate::support::registry::Registry;
use crate::support::running::Running;

/// The words of a build by the script.
fn by_script<'a>(further: &[&'a str]) -> Vec<&'a str> {
    [&DEBIAN, ["--via", "run-sh"].as_slice(), further].concat()
}

/// A build by the script that has made the container that holds the source, which is its longest-lived one.
fn in_script(place: &KubeletPlace, further: &[&str]) -> Running {
    let mut run = place.start(DEBIAN_TAG, &by_script(further));
    run.until(|| place.has_left("kube-build-data-"));
    run
}

#[test]
fn the_script_gives_the_same_bytes_as_make_and_leaves_nothing() {
    let _alone = engine_alone();
    script_image();
    let place = KubeletPlace::new();
    place
        .build(DEBIAN_TAG, &by_script(&["--output", "by-script"]))
        .code(0);
    place.assert_nothing_is_left();
    place.build(DEBIAN_TAG, &DEBIAN).code(0);
    let by_script = manifest(&place.result_in("by-script", DEBIAN_TAG));
    let by_make = place.manifest(DEBIAN_TAG);
    assert_eq!(
        (&by_script["via"], &by_make["via"]),
        (&"run-sh".into(), &"make".into())
    );
    assert_eq!(
        by_script["files"][0]["sha256"],
        by_make["files"][0]["sha256"]
    );
    assert!(by_make["files"][0]["sha256"].is_string());
}

#[test]
fn an_interrupted_script_leaves_nothing() {
    let _alone = engine_alone();
    script_image();
    let place = KubeletPlace::new();
    let run = in_script(&place, &[]);
    run.send(Signal::INT);
    run.finish().code(130);
    place.assert_nothing_is_left();
}

#[test]
fn what_a_killed_run_left_is_removed_by_clean() {
    let _alone = engine_alone();
    script_image();
    let place = KubeletPlace::new();
    in_script(&place, &["-v"]).kill();
    for begin in ["kmembuild-kubelet-", "kube-build-data-", "k8s.gcr.io/"] {
        assert!(place.has_left(begin), "{begin}");
    }

    let cleaned = place.place.run(&["clean"]).code(0);
    assert!(
        cleaned
            .stdout
            .contains("removed container kube-build-data-"),
        "{}",
        cleaned.stdout
    );
    assert!(
        cleaned.stdout.contains("removed image kube-build:build-"),
        "{}",
        cleaned.stdout
    );
    place.assert_nothing_is_left();
    assert_eq!(
        place.place.run(&["clean"]).code(0).stdout,
        "nothing to remove\n"
    );
}

#[test]
fn what_is_kept_on_request_stays_until_it_is_cleaned() {
    let _alone = engine_alone();
    script_image();
    let place = KubeletPlace::new();
    place
        .build(DEBIAN_TAG, &by_script(&["--keep"]))
        .code(0)
        .says("kept on the engine: what upstream's script made");
    assert!(place.has_left("kube-build-data-"));
    // Another build does not sweep it away.
    place.build(DEBIAN_TAG, &DEBIAN).code(0);
    assert!(place.has_left("kube-build-data-"));
    place.place.run(&["clean"]).code(0);
    place.assert_nothing_is_left();
}

#[test]
fn a_name_that_another_image_has_is_not_taken_from_it() {
    const NAME: &str = "k8s.gcr.io/build-image/kube-cross:v1.15.5-1";
    let _alone = engine_alone();
    script_image();
    docker(&["tag", make_image(), NAME]);
    let place = KubeletPlace::new();
    let refused = place.build(DEBIAN_TAG, &by_script(&[]));
    let id = docker(&["inspect", "-f", "{{.Id}}", NAME]);
    docker_succeeds(&["rmi", NAME]);
    assert_eq!(id, docker(&["inspect", "-f", "{{.Id}}", make_image()]));
    refused.code(12).says(&format!(
        "by the name {NAME}, but the engine has another image by that name"
    ));
    place.assert_nothing_is_left();
}

#[test]
fn an_image_without_a_client_of_the_engine_is_given_one() {
    const CLIENT: &str = "docker:28-cli";
    let _alone = engine_alone();
    let registry = Registry::start();
    let place = KubeletPlace::new();
    let made = client_image(&place);
    registry.push(&made, "hub/library/docker:28-cli");
    docker(&["rmi", &made]);
    docker_succeeds(&["rmi", CLIENT]);
    let mirror = format!("{}/hub", registry.address);
    let words = [
        "--via",
        "run-sh",
        "--image-name",
        make_image(),
        "--allow-toolchain",
        "1.15",
        "--mirror",
        &mirror,
    ];
    let built = place.build(DEBIAN_TAG, &words);
    docker_succeeds(&["rmi", CLIENT, &format!("{mirror}/library/{CLIENT}")]);
    built
        .code(0)
        .says("using the engine's client of image docker:28-cli");
    place.assert_nothing_is_left();
}

/// An image with a client of the engine where `docker:28-cli` has it, and little else.
fn client_image(place: &KubeletPlace) -> String {
    let name = format!("kmembuild-test/client:{}", std::process::id());
    let client = place.place.path().join("docker").display().to_string();
    let from = docker(&["create", script_image(), "true"]);
    docker(&["cp", &format!("{from}:/usr/bin/docker"), &client]);
    docker(&["rm", &from]);
    let to = docker(&["create", &debian_image(), "true"]);
    docker(&["cp", &client, &format!("{to}:/usr/local/bin/docker")]);
    docker(&["commit", &to, &name]);
    docker(&["rm", &to]);
    name
}
