//! Ordinary commands one after the other on one directory: what one of them made, the next one neither damages nor takes
//! for a forgery without a word.

use std::fs;

use super::place::{Place, good_script, platform, script_with_make};
use crate::support::scripted_engine::{Ending, Script, Step};

const DEFAULTS: &str =
    "format: 1\ndefaults: {options: {source: [upstream], unpinned: true, verify-run: false}}\n";

fn write(place: &Place, versions: &str) {
    let file = format!("{DEFAULTS}targets: [{{recipe: tool, versions: [{versions}]}}]\n");
    place.workplace.write("release.yaml", &file);
}

fn released(versions: &str) -> Place {
    let place = Place::new();
    write(&place, versions);
    place.run(&["release", "--jobs", "1"]).code(0);
    place.workplace.run(&["verify", "dist"]).code(0);
    place
}

#[test]
fn a_single_build_does_not_go_into_a_release() {
    let place = released("v1.0.0");
    let index = fs::read(place.workplace.path().join("dist/index.json")).expect("an index");
    place
        .build(&[])
        .code(2)
        .says("dist is the directory of a release")
        .says("use --output with another directory")
        .says("kmembuild release --only 'tool/*'");
    place.workplace.run(&["verify", "dist"]).code(0);
    assert_eq!(
        fs::read(place.workplace.path().join("dist/index.json")).expect("an index"),
        index
    );
    // Elsewhere it does, and a directory of single results is none of a release.
    for _ in 0..2 {
        place.build(&["--output", "elsewhere"]).code(0);
    }
}

/// Commands on a release and what is around it, each with its exit code, whatever was done before.
fn commands() -> Vec<(Vec<String>, i32)> {
    let result = format!("dist/tool/v1.0.0/{}", platform());
    let tool = format!("{result}/tool");
    let build = ["tool", "--tag", "v1.0.0", "--source", "upstream"];
    let commands: [(&[&str], i32); 20] = [
        (&["release", "--jobs", "1"], 0),
        (&["release", "--plan"], 0),
        (&["release", "--prune"], 0),
        (&["release", "--only", "tool/*"], 0),
        (&["release", "--no-cache", "--jobs", "1"], 0),
        (&["release", "--partition", "1/2"], 2),
        (&["release", "--merge", "p1", "p2"], 0),
        (&["lock"], 0),
        (
            &["plan", "tool", "--tag", "v1.0.0", "--source", "upstream"],
            0,
        ),
        (&build, 2),
        (&[&build[..], &["--no-cache"]].concat(), 2),
        (&["reproduce", &result], 0),
        (&["node-script", &result, "--output", "node.sh"], 2),
        (&["push", "dist", "oci:layout"], 0),
        (&["pull", "oci:layout:latest", "dist"], 0),
        (&["cache", "list"], 0),
        (&["cache", "verify"], 0),
        (&["cache", "prune", "--size", "1GiB"], 0),
        (&["clean", "--all"], 0),
        (&["verify", &tool, "--no-run"], 0),
    ];
    let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    let commands = commands.iter();
    commands
        .map(|(words, code)| (owned(words), *code))
        .collect()
}

/// Runs a share of the pairs of commands: each command after each, with the release verified after every one.
fn every_command_leaves_a_release_that_can_be_verified(share: usize) {
    // The image is known again: what is built has a key, and is built again in the same one.
    let place = Place::with(Script {
        layers: vec![format!("sha256:{}", "1".repeat(64))],
        ..good_script()
    });
    write(&place, "v1.0.0, v2.0.0");
    place.run(&["release", "--jobs", "1"]).code(0);
    for (part, output) in [("1/2", "p1"), ("2/2", "p2")] {
        let words = ["release", "--partition", part, "--output", output];
        place.run(&words).code(0);
    }
    place.run(&["push", "dist", "oci:layout"]).code(0);
    let commands = commands();
    let mut before = String::new();
    let mut run = |(words, code): &(Vec<String>, i32)| {
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let line = words.join(" ");
        let context = format!("`{line}` after `{before}`");
        let done = place.run(&words);
        assert_eq!(
            done.code,
            Some(*code),
            "{context}: {}{}",
            done.stdout,
            done.stderr
        );
        let verified = place.workplace.run(&["verify", "dist"]);
        assert_eq!(
            verified.code,
            Some(0),
            "{context}: {}{}",
            verified.stdout,
            verified.stderr
        );
        before = line;
    };
    // Each command after itself, and before and after each of those that follow it in the list.
    for first in (share..commands.len()).step_by(SHARES) {
        run(&commands[first]);
        for second in &commands[first + 1..] {
            run(&commands[first]);
            run(second);
        }
        run(&commands[first]);
    }
}

/// So many tests run the pairs beside each other.
const SHARES: usize = 4;

#[test]
fn every_command_after_each_leaves_a_good_release_1() {
    every_command_leaves_a_release_that_can_be_verified(0);
}

#[test]
fn every_command_after_each_leaves_a_good_release_2() {
    every_command_leaves_a_release_that_can_be_verified(1);
}

#[test]
fn every_command_after_each_leaves_a_good_release_3() {
    every_command_leaves_a_release_that_can_be_verified(2);
}

#[test]
fn every_command_after_each_leaves_a_good_release_4() {
    every_command_leaves_a_release_that_can_be_verified(3);
}

/// A release of which one target failed, and was then taken out of the file.
fn with_a_failure() -> Place {
    let place = Place::with(script_with_make(Step::says(
        &["compiling"],
        Ending::Exit(2),
    )));
    write(&place, "v1.0.0, v2.0.0");
    place.run(&["release", "--jobs", "1"]).code(14);
    assert!(place.failed().is_dir());
    place
}

#[test]
fn what_a_failed_target_left_belongs_to_the_release_while_the_target_does() {
    let place = with_a_failure();
    place.workplace.run(&["verify", "dist"]).code(0);
}

#[test]
fn what_no_target_has_is_told_by_the_release_and_in_one_line_by_verify() {
    let place = with_a_failure();
    write(&place, "v2.0.0");
    let failed = format!("tool/v1.0.0/{}.failed", platform());
    place
        .run(&["release", "--jobs", "1"])
        .code(0)
        .says(&format!("dist/{failed} is left over from a failed build"))
        .says("use `kmembuild release --prune` to remove it");
    let verified = place.workplace.run(&["verify", "dist"]).code(17);
    let verified = verified.says("for what is left over, use `kmembuild release --prune`");
    let about: Vec<_> = verified
        .stdout
        .lines()
        .filter(|line| line.contains(&failed))
        .collect();
    let only = format!(
        "left over: {failed}: left over from a failed build that is not part of the release"
    );
    assert_eq!(about, [only]);

    place
        .run(&["release", "--jobs", "1", "--prune"])
        .code(0)
        .says(&format!(
            "removed dist/{failed}, which no target of the release has"
        ));
    assert!(
        !place.versions().exists(),
        "the directories above it are empty"
    );
    place.workplace.run(&["verify", "dist"]).code(0);
}

#[test]
fn the_result_of_a_target_that_is_gone_is_removed_only_when_that_is_asked() {
    let place = released("v1.0.0");
    let result = format!("tool/v1.0.0/{}", platform());
    // Of a version that needs no build there is nothing.
    write(&place, "v2.0.0");
    place
        .run(&["release", "--jobs", "1"])
        .code(0)
        .says(&format!("dist/{result} does not belong to this release"));
    place
        .workplace
        .run(&["verify", "dist"])
        .code(17)
        .prints(&format!(
            "left over: {result}: a result that is not part of the release"
        ));
    // What is not the tool's is nobody's to remove.
    let foreign = place.workplace.path().join("dist/notes/of/mine");
    fs::create_dir_all(&foreign).expect("made");
    fs::write(foreign.join("text"), "mine").expect("written");
    place.run(&["release", "--jobs", "1", "--prune"]).code(0);
    assert!(!place.result().exists());
    assert!(foreign.join("text").exists());
}

#[test]
fn the_last_good_result_of_a_target_that_fails_is_kept() {
    let place = released("v1.0.0");
    let result = place.result();
    let elsewhere = with_a_failure();
    // The same directory, with an engine on which the build fails.
    let dist = elsewhere.workplace.path().join("dist");
    fs::remove_dir_all(&dist).expect("removed");
    fs::create_dir_all(dist.join("tool/v1.0.0")).expect("made");
    fs::rename(&result, elsewhere.result()).expect("moved");
    elsewhere
        .run(&["release", "--jobs", "1", "--prune", "--no-cache"])
        .code(14);
    assert!(elsewhere.result().join("manifest.json").exists());
}

#[test]
fn nothing_is_removed_when_a_target_is_not_well() {
    let place = released("v1.0.0");
    // It cannot even be planned, so that it is not known where its result would be.
    write(&place, "v3.0.0");
    place
        .run(&["release", "--jobs", "1", "--prune"])
        .code(13)
        .says("does not belong to this release");
    assert!(place.result().join("manifest.json").exists());
    // One that is skipped has a result all the same.
    write(&place, "v3.0.0, v1.0.0");
    place
        .run(&["release", "--jobs", "1", "--prune", "--fail-fast"])
        .code(13);
    assert!(place.result().join("manifest.json").exists());
    // And those that are not chosen.
    place
        .run(&["release", "--prune", "--only", "tool/v3*"])
        .code(2)
        .says("cannot be used with");
}

#[test]
fn targets_are_chosen_by_their_directories_and_those_above() {
    let place = released("v1.0.0, v2.0.0");
    for (pattern, chosen) in [
        ("tool", 2),
        ("tool/v1.0.0", 1),
        ("*/v2*", 1),
        ("*/linux-*", 2),
        (&*format!("tool/v1.0.0/{}", platform()), 1),
    ] {
        let planned = place.run(&["release", "--plan", "--only", pattern]).code(0);
        let targets = if chosen == 1 { "target" } else { "targets" };
        planned.prints(&format!("{chosen} {targets}: "));
    }
    place
        .run(&["release", "--plan", "--only", "ool"])
        .code(2)
        .says(&format!("tool/v1.0.0/{}", platform()));
}

#[test]
fn any_command_after_any_other_leaves_a_release_that_can_be_verified() {
    let place = released("v1.0.0");
    let layer = format!("sha256:{}", "1".repeat(64));
    place.engine.change(|script| script.layers = vec![layer]);
    let commands: [(&[&str], i32); 8] = [
        (&["release", "--jobs", "1"], 0),
        (&["release", "--jobs", "1", "--no-cache"], 0),
        (&["release", "--only", "tool/v1*"], 0),
        (&["release", "--prune"], 0),
        (&["lock"], 0),
        // Refused, with the way out.
        (&["tool", "--tag", "v1.0.0", "--source", "upstream"], 2),
        (&["cache", "prune", "--size", "0"], 0),
        (&["clean", "--all"], 0),
    ];
    for (first, code_of_first) in commands {
        for (second, code_of_second) in commands {
            place.run(first).code(code_of_first);
            place.run(second).code(code_of_second);
            let verified = place.workplace.run(&["verify", "dist"]);
            assert_eq!(
                verified.code,
                Some(0),
                "{first:?}, then {second:?}:\n{}{}",
                verified.stdout,
                verified.stderr
            );
        }
    }
}
