//! The face of a release: `index.html`, and what it shows of `index.json`.

use std::fs;

use super::place::{Place, platform, script_with_make};
use crate::support::scripted_engine::{Ending, Step};

const DEFAULTS: &str =
    "format: 1\ndefaults: {options: {source: [upstream], unpinned: true, verify-run: false}}\n";

/// A place on whose engine what was built once is known again.
fn new_place() -> Place {
    let place = Place::new();
    let layer = format!("sha256:{}", "1".repeat(64));
    place.engine.change(|script| script.layers = vec![layer]);
    place
}

fn write(place: &Place, versions: &str) {
    let file = format!("{DEFAULTS}targets: [{{recipe: tool, versions: [{versions}]}}]\n");
    place.workplace.write("release.yaml", &file);
}

fn read(place: &Place, name: &str) -> String {
    fs::read_to_string(place.workplace.path().join("dist").join(name)).expect("a file of a release")
}

fn page(place: &Place) -> String {
    read(place, "index.html")
}

#[test]
fn a_release_has_a_page_that_stays_as_it_is_while_nothing_changes() {
    let place = new_place();
    write(&place, "v1.0.0");
    place.run(&["release", "--jobs", "1"]).code(0);
    let first = [page(&place), read(&place, "index.json")];
    let folder = format!("tool/v1.0.0/{}", platform());
    for part in [
        "1 target: 1 published",
        "Accounting is off in 1 of 1 program",
        "Not signed:",
        "kmembuild verify .",
        &format!("<a href=\"{folder}/SHA256SUMS\">"),
        "<span class=\"step\"",
        "title=\"source: ",
        "<span class=\"good\">built</span>",
    ] {
        assert!(first[0].contains(part), "{part}\n{}", first[0]);
    }
    assert!(!first[0].contains("What moved"), "there was nothing before");
    for _ in 0..2 {
        place.run(&["release", "--jobs", "1"]).code(0);
        let again = [page(&place), read(&place, "index.json")];
        assert!(again == first, "{}", again[0]);
    }
    place.workplace.run(&["verify", "dist"]).code(0);
}

#[test]
fn a_page_says_what_moved_since_the_release_before() {
    let place = new_place();
    write(&place, "v1.0.0");
    place.run(&["release", "--jobs", "1"]).code(0);
    let folder = |version: &str| format!("tool/{version}/{}", platform());

    // A recipe that is another one, and a target more.
    let recipe = place.workplace.path().join("recipes/tool.yaml");
    let text = fs::read_to_string(&recipe).expect("the recipe");
    fs::write(&recipe, format!("{text}# changed\n")).expect("written");
    write(&place, "v1.0.0, v2.0.0");
    place.run(&["release", "--jobs", "1"]).code(0);
    let second = page(&place);
    for part in [
        "What moved since the release before",
        &format!("<li>{}: recipe: ", folder("v1.0.0")),
        &format!("<li>{}: new in this release</li>", folder("v2.0.0")),
    ] {
        assert!(second.contains(part), "{part}\n{second}");
    }

    write(&place, "v1.0.0");
    place.run(&["release", "--jobs", "1", "--prune"]).code(0);
    let third = page(&place);
    let gone = format!("<li>{}: no longer in the release</li>", folder("v2.0.0"));
    assert!(third.contains(&gone), "{third}");
    assert!(third.contains("<span class=\"good\">unchanged</span>"));
    assert!(!third.contains("recipe: "), "that moved earlier\n{third}");
    place.workplace.run(&["verify", "dist"]).code(0);
}

#[test]
fn a_page_shows_a_failure_with_its_reason_and_nothing_of_it_acts_in_a_browser() {
    let hostile = "<script>alert(1)</script>";
    let place = Place::with(script_with_make(Step::says(&[hostile], Ending::Exit(2))));
    write(&place, "v1.0.0, v2.0.0");
    place.run(&["release", "--jobs", "1"]).code(14);
    let page = page(&place);
    for part in [
        "<span class=\"bad\">1 failed</span>",
        "FAILED (14)",
        "class=\"failed\"",
        &format!("tool/v1.0.0/{}.failed", platform()),
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert!(!page.contains("<script"), "{page}");
    place.workplace.run(&["verify", "dist"]).code(0);
}

#[test]
fn an_index_that_says_more_than_the_manifests_is_found_out() {
    let place = new_place();
    write(&place, "v1.0.0");
    place.run(&["release", "--jobs", "1"]).code(0);
    let index = read(&place, "index.json");
    let changed = index.replacen("\"outcome\": \"passed\"", "\"outcome\": \"failed\"", 1);
    assert!(index != changed);
    fs::write(place.workplace.path().join("dist/index.json"), changed).expect("written");
    place
        .workplace
        .run(&["verify", "dist"])
        .code(17)
        .prints("what it has about the binaries of tool/v1.0.0/");
}

#[test]
fn a_test_report_has_each_target_with_the_reason_of_a_failure() {
    let hostile = "]]><evil>&\u{1b}[31mred";
    let place = Place::with(script_with_make(Step::says(&[hostile], Ending::Exit(2))));
    write(&place, "v1.0.0, v2.0.0");
    place
        .run(&["release", "--jobs", "1", "--junit", "report.xml"])
        .code(14);
    let report = fs::read_to_string(place.workplace.path().join("report.xml")).expect("a report");
    for part in [
        "tests=\"2\" skipped=\"1\" failures=\"1\"",
        "<testcase name=\"tool/v1.0.0",
        "<failure message=\"",
        "<skipped message=\"",
        "message=\"step compile failed with exit code 2: make tool\"",
        "whole log is ",
    ] {
        assert!(report.contains(part), "{part}\n{report}");
    }
    assert!(
        !report.contains("<evil>") && !report.contains('\u{1b}'),
        "{report}"
    );

    let good = Place::new();
    write(&good, "v1.0.0");
    good.run(&["release", "--jobs", "1", "--junit", "report.xml"])
        .code(0);
    let report = fs::read_to_string(good.workplace.path().join("report.xml")).expect("a report");
    assert!(report.contains("tool: off by the nokmem tag"), "{report}");

    good.run(&[
        "release",
        "--jobs",
        "1",
        "--junit",
        "no/such/folder/report.xml",
    ])
    .code(15)
    .says("could not write the JUnit report no/such/folder/report.xml");
}
