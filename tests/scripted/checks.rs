//! Results that are not what they should be: missing, unproven, from another commit, not needed.

use std::fs;

use super::place::{Place, names};
use super::program::with_accounting;

#[test]
fn a_missing_output_is_named() {
    let place = Place::new();
    place.publish_first();
    place
        .engine
        .change(|script| drop(script.files.remove("/src/extra/reader")));
    place
        .build(&[])
        .code(15)
        .says("error: the steps succeeded, but did not produce /src/extra/reader")
        .says("hint: the whole log is ");
    // What was taken out already is not proven, and not left lying about.
    assert_eq!(names(&place.failed()), ["build.log", "plan.json"]);
    place.first_is_untouched();
    place.nothing_is_left();
}

#[test]
fn what_does_not_pass_its_checks_is_not_published() {
    let place = Place::new();
    place.publish_first();
    place.engine.change(|script| {
        script
            .files
            .insert("/src/tool".to_owned(), with_accounting());
    });
    let finished = place
        .build(&[])
        .code(16)
        .says("error: the build does not pass its checks and is not published: tool\n")
        .prints("FAILED");
    let row = finished
        .stdout
        .lines()
        .find(|line| line.contains("FAILED"))
        .unwrap();
    assert!(row.contains("kmem"), "{row}");
    let findings = fs::read(place.failed().join("findings.json")).unwrap();
    let findings: serde_json::Value = serde_json::from_slice(&findings).unwrap();
    assert_eq!(findings[0]["name"], "tool");
    assert_eq!(
        names(&place.failed()),
        ["build.log", "findings.json", "plan.json"]
    );
    place.first_is_untouched();
    place.nothing_is_left();
}

#[test]
fn a_first_result_that_fails_leaves_only_its_record() {
    let place = Place::new();
    place.engine.change(|script| {
        script
            .files
            .insert("/src/tool".to_owned(), b"no program".to_vec());
    });
    place.build(&[]).code(16).prints("FAILED");
    assert!(!place.result().exists());
    assert!(place.failed().exists());
}

#[test]
fn another_commit_under_a_pinned_tag_is_refused() {
    let place = Place::new();
    place.publish_first();
    let before = place.engine.requests().len();
    let other = "0123456789".repeat(4);
    place.pin(&other);
    place
        .build(&["--refresh"])
        .code(17)
        .says("error: ")
        .says(&other)
        .says(&place.commit)
        .says("hint: the tag was moved, or the mirror serves something else");
    let asked = place.engine.requests();
    assert!(asked[before..].iter().all(|asked| asked.method == "GET"));
    place.first_is_untouched();
    place.nothing_is_left();
}

#[test]
fn a_stored_commit_is_held_against_the_pin_as_well() {
    let place = Place::new();
    place.publish_first();
    place.pin(&"0123456789".repeat(4));
    place.build(&[]).code(17);
}

#[test]
fn a_version_that_needs_no_build_takes_force() {
    let place = Place::new();
    let build = [
        "tool",
        "--tag",
        "v2.0.0",
        "--source",
        "upstream",
        "--unpinned",
    ];
    place
        .run(&build)
        .code(11)
        .says("error: v2.0.0 of tool does not need to be built: this version never turns accounting on")
        .says("hint: use --force to build it anyway");
    assert!(!place.workplace.path().join("dist").exists());
    place.engine.change(|script| {
        let version = &mut script.steps[2].1;
        version.lines = vec!["tool version 2.0.0".to_owned()];
    });
    let warning =
        "warning: v2.0.0 does not need to be built: this version never turns accounting on";
    place
        .run(&[&build[..], &["--force"]].concat())
        .code(0)
        .says(warning);
    place.nothing_is_left();
}
