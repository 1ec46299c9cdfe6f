//! A build that goes well.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::Value;

use super::place::{Place, architecture, names, platform};

#[test]
fn publishes_the_files_with_where_they_came_from() {
    let place = Place::new();
    let finished = place.build(&[]).code(0);
    let folder = place.result();
    let mut last = finished.stdout.lines().rev();
    let next = last.next().expect("what comes next");
    assert!(next.starts_with("next: kmembuild node-script "), "{next}");
    let verdict = last.next().expect("a verdict");
    let (verdict, path) = verdict.split_once(" -> ").expect("where it is");
    assert_eq!(
        verdict,
        "tool v1.0.0: accounting off, 8 of 8 checks passed, built"
    );
    assert_eq!(
        fs::canonicalize(path).unwrap(),
        fs::canonicalize(&folder).unwrap()
    );
    assert_eq!(
        names(&folder),
        [
            "SHA256SUMS",
            "build.log",
            "manifest.json",
            "plan.json",
            "provenance.json",
            "reader",
            "sbom.cdx.json",
            "tool"
        ]
    );
    let sums = Command::new("sha256sum")
        .args(["--check", "--strict", "SHA256SUMS"])
        .current_dir(&folder)
        .output()
        .expect("sha256sum starts");
    let said = String::from_utf8_lossy(&sums.stdout).into_owned();
    assert!(sums.status.success(), "{said}");
    assert_eq!(said.lines().count(), 7, "{said}");
    let mode = |name: &str| {
        fs::metadata(folder.join(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o7777
    };
    assert_eq!((mode("tool"), mode("reader")), (0o755, 0o755));
    assert_eq!(mode("manifest.json") & 0o133, 0);
    place.nothing_is_left();
}

#[test]
fn the_manifest_says_what_was_built_from_what() {
    let place = Place::new();
    place.build(&["--memory", "2GiB"]).code(0);
    let text = fs::read(place.result().join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(manifest["format"], 2);
    assert_eq!(manifest["recipe"]["name"], "tool");
    assert_eq!(manifest["version"], "v1.0.0");
    assert_eq!(manifest["platform"], platform());
    assert_eq!(manifest["class"], "accounting");
    let git = &manifest["source"]["git"];
    assert_eq!(git["commit"], place.commit);
    assert_eq!(git["tag"], "v1.0.0");
    assert_eq!(git["unmodified"], true);
    assert!(git["url"].as_str().unwrap().ends_with("upstream"), "{git}");
    let id = format!("sha256:{}", "1".repeat(64));
    assert_eq!(manifest["image"]["id"], id);
    assert_eq!(manifest["engine"], "Docker Engine 20.10.24");
    assert_eq!(manifest["commands"][1]["name"], "compile");
    // GOARCH has no value here, so that its argument is left out.
    assert_eq!(
        manifest["commands"][1]["command"],
        serde_json::json!(["make", "tool"])
    );
    assert_eq!(manifest["commands"][1]["environment"]["VERSION"], "1.0.0");
    assert_eq!(manifest["warnings"], serde_json::json!([]));
    let file = &manifest["files"][0];
    assert_eq!(
        (&file["name"], &file["mode"]),
        (&"tool".into(), &"755".into())
    );
    let outcomes = file["checks"].as_array().unwrap();
    assert_eq!(outcomes.len(), 5, "{outcomes:?}");
    assert!(outcomes.iter().all(|check| check["outcome"] == "passed"));
}

#[test]
fn the_saved_plan_is_the_one_that_is_printed() {
    let place = Place::new();
    place.build(&[]).code(0);
    let printed = place
        .run(&[
            "plan", "tool", "--tag", "v1.0.0", "--source", "upstream", "--format", "json",
        ])
        .code(0);
    let saved = fs::read_to_string(place.result().join("plan.json")).unwrap();
    assert_eq!(saved, printed.stdout);
    let plan: Value = serde_json::from_str(&saved).unwrap();
    assert_eq!(plan["architecture"], architecture());
}

#[test]
fn the_log_holds_every_line_of_every_step() {
    let place = Place::new();
    place.build(&["-q"]).code(0);
    let log = fs::read_to_string(place.result().join("build.log")).unwrap();
    for line in [
        "== step configure: ./configure",
        "checking for cc",
        "== step compile: make tool",
        "compiling",
        "linking",
        "a warning of the compiler",
    ] {
        assert!(
            log.lines().any(|known| known == line),
            "no {line:?} in\n{log}"
        );
    }
}

#[test]
fn a_second_build_takes_the_place_of_the_first() {
    let place = Place::new();
    place.publish_first();
    place.build(&[]).code(0);
    assert!(!place.result().join("mark").exists());
    assert_eq!(names(&place.versions()), [platform()]);
    place.nothing_is_left();
    assert_eq!(place.registrations(), Vec::<String>::new());
}
