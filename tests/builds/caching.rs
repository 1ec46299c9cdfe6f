//! What was built once is published again without being built.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::support::build_place::{BuildPlace, WAIT, entries};
use crate::support::debian_image::debian_image;
use crate::support::docker_command::{docker, docker_succeeds};
use crate::support::running::until_one_waits;

const TAG: &str = "v1.0.0-rc10";

/// A build of which the log tells whether a container was started.
fn place(name: &str) -> BuildPlace {
    debian_image();
    BuildPlace::steps(name, "echo working; cp /bin/true out", "out")
}

/// The one entry of the cache.
fn entry(build: &BuildPlace) -> PathBuf {
    let results = build.place.path().join("cache/results");
    let names = entries(&results);
    let [name] = names.as_slice() else {
        panic!("one entry is expected: {names:?}");
    };
    results.join(name)
}

#[test]
fn a_second_build_starts_no_container() {
    let build = place("cached");
    build.build(TAG, &[]).code(0).says("step script");
    let first = build.manifest(TAG);
    // There is nothing to do at all where it is published already.
    let second = build.build(TAG, &[]).code(0);
    let second = second.says("note: up to date: the published result is unchanged");
    assert!(!second.stderr.contains("step script"), "{}", second.stderr);
    let second = build.build(TAG, &["--output", "other"]).code(0);
    let built_at = first["built-at"].as_str().expect("a time");
    let second = second.says(&format!("taken from the cache: built at {built_at}"));
    assert!(!second.stderr.contains("step script"), "{}", second.stderr);
    let published = build.result_in("other", TAG);
    for name in entries(&build.result(TAG)) {
        let one = fs::read(build.result(TAG).join(&name)).expect("the first");
        let other = fs::read(published.join(&name)).expect("the second");
        assert!(one == other, "{name} differs");
    }
    let mode = fs::metadata(published.join("out"))
        .expect("there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o111, 0o111);
    build
        .build(TAG, &["--no-cache"])
        .code(0)
        .says("step script");
    build.assert_nothing_is_left();
}

#[test]
fn what_was_changed_or_removed_is_published_again() {
    let build = place("republished");
    build.build(TAG, &[]).code(0);
    let out = build.result(TAG).join("out");
    let bytes = fs::read(&out).expect("the result");
    fs::remove_file(&out).expect("removed");
    fs::write(&out, "something else").expect("replaced");
    let again = build.build(TAG, &[]).code(0).says("taken from the cache");
    assert!(!again.stderr.contains("step script"), "{}", again.stderr);
    assert_eq!(fs::read(&out).expect("the result"), bytes);
    fs::write(build.result(TAG).join("stray"), "").expect("a stray file");
    build.build(TAG, &[]).code(0).says("taken from the cache");
    assert!(!build.result(TAG).join("stray").exists());
}

#[test]
fn a_damaged_entry_is_named_and_built_again() {
    let build = place("damaged");
    build.build(TAG, &[]).code(0);
    for (file, reason) in [
        ("out", "instead of"),
        ("entry.json", "not a valid list of files"),
        ("manifest.json", "instead of"),
    ] {
        let path = entry(&build).join(file);
        // In its place: the file itself may be the published one as well.
        fs::remove_file(&path).expect("removed");
        fs::write(&path, "damaged").expect("written");
        let output = format!("after-{file}");
        let again = build.build(TAG, &["--output", &output]).code(0);
        let again = again
            .says("warning: the cached result is corrupt; removed it and rebuilding")
            .says(&path.display().to_string())
            .says(reason);
        assert!(again.stderr.contains("step script"), "{}", again.stderr);
    }
    build.assert_nothing_is_left();
}

#[test]
fn a_file_that_is_changed_in_place_does_not_come_back_from_the_cache() {
    let build = place("in-place");
    build.build(TAG, &[]).code(0);
    // Where the file system cannot do better, this file and the cache's are one.
    let out = build.result(TAG).join("out");
    let bytes = fs::read(&out).expect("the result");
    fs::write(&out, "changed in place").expect("written");
    build.build(TAG, &[]).code(0);
    assert_eq!(fs::read(&out).expect("the result"), bytes);
}

#[test]
fn of_two_runs_of_one_result_one_builds_it_and_the_other_waits() {
    let build = place("same-result");
    let slow = format!("{WAIT}; echo working; cp /bin/true out");
    let recipe = format!("recipes/{}.yaml", build.recipe);
    let text = fs::read_to_string(build.place.path().join(&recipe)).expect("the recipe");
    let text = text.replace("echo working; cp /bin/true out", &slow);
    build.place.write(&recipe, &text);
    let mut runs = ["a", "b"].map(|output| build.start(TAG, &["--output", output]));
    until_one_waits(&mut runs);
    build.let_go();
    let ended = runs.map(|run| run.finish().code(0));
    let count = |text: &str| {
        let said = ended.iter().filter(|run| run.stderr.contains(text));
        said.count()
    };
    assert_eq!(count("step script: done"), 1, "{ended:?}");
    assert_eq!(count("note: waiting for run "), 1, "{ended:?}");
    let purpose = format!("which builds the same {} {TAG}", build.recipe);
    assert_eq!(count(&purpose), 1, "{ended:?}");
    let [one, other] =
        ["a", "b"].map(|output| fs::read(build.result_in(output, TAG).join("manifest.json")));
    assert_eq!(one.expect("the first"), other.expect("the second"));
    build.assert_nothing_is_left();
}

#[test]
fn without_the_network_what_is_missing_is_named() {
    let build = place("offline");
    build
        .build(TAG, &["--offline"])
        .code(13)
        .says(&format!("{TAG} is not in the source store"))
        .says("hint: fetch it once without --offline");
    build.build(TAG, &[]).code(0);
    build
        .build(TAG, &["--offline", "--no-cache"])
        .code(0)
        .says("step script");
    let other = ["--offline", "--image-name", "kmembuild-test/not-there:1"];
    build
        .build(TAG, &other)
        .code(12)
        .says("image kmembuild-test/not-there:1 is not on the engine, and an offline build");
    build
        .build(TAG, &["--offline", "--refresh"])
        .code(2)
        .says("use either --refresh or --offline");
    build.assert_nothing_is_left();
}

#[test]
fn a_result_is_found_where_its_image_is_not_on_the_engine_any_more() {
    let build = place("no-image");
    let recipe = format!("recipes/{}.yaml", build.recipe);
    let text = fs::read_to_string(build.place.path().join(&recipe)).expect("the recipe");
    let lean = "default: lean\n  lean:\n    base: kmembuild-test/debian:bullseye-essential\n    dockerfile: |\n      \
                ARG BASE\n      FROM ${BASE}\n      RUN touch /made\n";
    let (head, tail) = text.split_once("default: registry\n").expect("an image");
    let tail = &tail[tail.find("\nbuild:").expect("a build")..];
    build.place.write(&recipe, &format!("{head}{lean}{tail}"));
    build.build(TAG, &[]).code(0).says("step script");
    let image = build.manifest(TAG)["image"]["name"].clone();
    let image = image.as_str().expect("a name");
    docker(&["image", "rm", image]);
    let cached = build.build(TAG, &["--output", "other"]).code(0);
    let cached = cached.says("taken from the cache");
    assert!(!cached.stderr.contains("image: "), "{}", cached.stderr);
    assert!(!docker_succeeds(&["image", "inspect", image]));
    build.build(TAG, &["--no-cache"]).code(0);
    docker(&["image", "rm", image]);
    build.assert_nothing_is_left();
}
