//! What is built, what is not, and what is said of it.

use std::fs;
use std::process::Command;

use super::place::{NEEDED, NOT_NEEDED, ReleasePlace};
use crate::scripted::place::platform;
use crate::support::build_place::{WAIT, entries};

const SIX: &str = r"
defaults:
  options: {source: ['{url}'], unpinned: true}
targets:
  - recipe: '{first}'
    versions: [v1.0.0-rc9, v1.0.0-rc10, v1.0.0-rc93]
  - recipe: '{other}'
    versions: [v1.0.0-rc4, v1.0.0-rc10, v1.0.0-rc94]
";

/// Fails for one of the versions.
const SCRIPT: &str = "grep -q rc93 VERSION && { echo out of luck; exit 7; }; cp /bin/true out";

#[test]
fn of_six_targets_two_are_cached_one_fails_and_one_is_not_needed() {
    let place = ReleasePlace::new("six", SCRIPT);
    place.write(SIX);
    for tag in ["v1.0.0-rc9", "v1.0.0-rc10"] {
        let elsewhere = ["--output", "elsewhere"];
        place.build.build(tag, &elsewhere).code(0);
    }
    let plan = place.release(&["--plan"]).code(0);
    for (state, number) in [("in the cache", 2), ("to be built", 3), ("not needed", 1)] {
        let counted = format!("{number} {state}");
        let verdict = plan
            .stdout
            .lines()
            .find(|line| line.starts_with("6 targets: "));
        assert!(
            verdict.is_some_and(|line| line.contains(&counted)),
            "{plan:?}"
        );
        // And once for each target.
        assert_eq!(plan.stdout.matches(state).count(), number + 1, "{plan:?}");
    }

    let done = place.release(&["--jobs", "2"]).code(14);
    assert_eq!(
        done.stderr.matches(": taken from the cache in").count(),
        2,
        "{done:?}"
    );
    assert_eq!(done.stderr.matches(": built in").count(), 2, "{done:?}");
    let done = done
        .says(&format!(
            "{}/{NOT_NEEDED}/{}: not needed: this release ignores",
            place.other,
            platform()
        ))
        .says(&format!("{}/v1.0.0-rc93/", place.build.recipe))
        .says("  | out of luck")
        .says("hint: the whole log is")
        .says("error: 1 of 6 targets failed");
    for text in ["FAILED (14)", "taken from the cache", "built", "not needed"] {
        assert!(
            done.stdout.contains(text),
            "{text} is not in\n{}",
            done.stdout
        );
    }
    let index = place.index();
    let kinds: Vec<_> = index["targets"]
        .as_array()
        .expect("targets")
        .iter()
        .map(|target| target["result"]["kind"].as_str().expect("a kind"))
        .collect();
    let expected = [
        "published",
        "published",
        "failed",
        "published",
        "published",
        "not-needed",
    ];
    assert_eq!(kinds, expected);
    let sums = Command::new("sha256sum")
        .args(["--check", "--strict", "--quiet", "SHA256SUMS"])
        .current_dir(place.build.place.path().join("dist"))
        .output()
        .expect("sha256sum starts");
    assert!(sums.status.success(), "{sums:?}");

    // Only what failed is tried again.
    place.change_recipe("exit 7", "true");
    // The recipe is another one, and with it all of its results.
    let again = place.release(&[]).code(0);
    assert_eq!(
        again.stderr.matches(": unchanged in").count(),
        2,
        "{again:?}"
    );
    assert_eq!(again.stderr.matches(": built in").count(), 3, "{again:?}");
    let again = place.release(&[]).code(0);
    assert_eq!(
        again.stderr.matches(": unchanged in").count(),
        5,
        "{again:?}"
    );
    assert!(
        !place
            .result(&place.build.recipe, "v1.0.0-rc93.failed")
            .exists()
    );
    place.build.assert_nothing_is_left();
}

#[test]
fn a_part_of_a_release_leaves_the_rest_as_it_was() {
    let place = ReleasePlace::new("only", "cp /bin/true out");
    place.write(SIX);
    place.release(&["--only", "*/v1.0.0-rc9"]).code(0);
    assert_eq!(place.index()["targets"].as_array().map(Vec::len), Some(1));
    let pattern = format!("{}/*", place.other);
    place.release(&["--only", &pattern]).code(0);
    assert_eq!(place.index()["targets"].as_array().map(Vec::len), Some(4));
    // What does not belong to this release any more is named.
    place.write(
        "
defaults: {options: {source: ['{url}'], unpinned: true}}
targets: [{recipe: '{first}', versions: [v1.0.0-rc9]}]
",
    );
    let stale = place.result(&place.other, "v1.0.0-rc10");
    let stale = stale
        .strip_prefix(place.build.place.path())
        .expect("below it");
    place.release(&[]).code(0).says(&format!(
        "warning: {} does not belong to this release",
        stale.display()
    ));
    place.write(SIX);
    place
        .release(&["--only", "nothing/*"])
        .code(2)
        .says("none of the 6 targets")
        .says(&format!(
            "hint: targets are named like {}/v1.0.0-rc9",
            place.build.recipe
        ));
}

#[test]
fn fail_fast_stops_the_others() {
    let place = ReleasePlace::new(
        "fast",
        &format!("grep -q rc9 VERSION && exit 7; {WAIT}; cp /bin/true out"),
    );
    place.write(SIX);
    let done = place.release(&["--fail-fast", "--jobs", "2"]).code(14);
    assert!(done.stdout.contains("skipped"), "{done:?}");
    assert!(
        done.stderr
            .contains(": skipped because another target failed"),
        "{done:?}"
    );
    place.build.assert_nothing_is_left();
}

#[test]
fn variants_of_one_version_stand_side_by_side() {
    let place = ReleasePlace::new("variants", "echo ${JOBS-none} >/dev/null; cp /bin/true out");
    place.write(
        "
defaults: {options: {source: ['{url}'], unpinned: true}}
targets:
  - {recipe: '{first}', versions: [v1.0.0-rc10]}
  - {recipe: '{first}', versions: [1.0.0-rc10], variant: two, options: {jobs: 2, cpus: 1.5}}
",
    );
    place.release(&[]).code(0);
    let names = entries(
        place
            .result(&place.build.recipe, "v1.0.0-rc10")
            .parent()
            .expect("a parent"),
    );
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names[1].ends_with("-two"), "{names:?}");
    place.write(
        "
defaults: {options: {source: ['{url}'], unpinned: true}}
targets:
  - {recipe: '{first}', versions: [v1.0.0-rc10, 1.0.0-rc10]}
",
    );
    place
        .release(&[])
        .code(10)
        .says("would be published in the same place as");
}

#[test]
fn ci_systems_get_what_they_show() {
    let place = ReleasePlace::new("ci", SCRIPT);
    place.write(SIX);
    let words = ["release", "--recipe-dir", "recipes", "--unlocked"];
    let mut command = place.build.place.command(&words);
    let summary = place.build.place.path().join("summary.md");
    command
        .env("CI", "true")
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", &summary);
    let output = command.output().expect("the command starts");
    let finished = crate::support::command::Finished::from(output).code(14);
    finished.says(&format!(
        "::error title=kmembuild {}/v1.0.0-rc93/{}::",
        place.build.recipe,
        platform()
    ));
    let summary = fs::read_to_string(summary).expect("a summary");
    assert!(
        summary.starts_with("### kmembuild release\n\n| target |"),
        "{summary}"
    );
    let rows = summary.lines().filter(|line| line.starts_with('|'));
    assert_eq!(rows.count(), 8, "{summary}");
    // The total, and why one failed, with the end of its log.
    for text in [
        "\n6 targets: 4 built, 1 failed, 1 not needed in ",
        &format!(
            "\n**{}/v1.0.0-rc93/{}**\n\n    error: ",
            place.build.recipe,
            platform()
        ),
        "\n      | out of luck\n",
    ] {
        assert!(summary.contains(text), "{text:?} is not in\n{summary}");
    }

    let lines = place.release(&["--format", "json"]).code(14).stdout;
    let events: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect();
    let ends: Vec<_> = events
        .iter()
        .filter_map(|event| event["data"]["event"].as_str())
        .filter(|event| event.starts_with("target-"))
        .collect();
    assert_eq!(ends.len(), 6, "{ends:?}");
    let failed = events
        .iter()
        .find(|event| event["data"]["event"] == "target-failed")
        .expect("one that failed");
    assert_eq!(failed["data"]["exit-code"], 14);
    assert_eq!(
        failed["target"],
        format!("{}/v1.0.0-rc93/{}", place.build.recipe, platform())
    );
    assert!(NEEDED.contains(&"v1.0.0-rc93"));
}
