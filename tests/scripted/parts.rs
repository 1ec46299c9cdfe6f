//! Releases that are made in parts, and merged.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::place::{Place, good_script, platform, script_with_make};
use crate::support::command::Finished;
use crate::support::scripted_engine::{Ending, Script, Step};

/// A release of five results and a version that needs none.
fn place_with(script: Script) -> Place {
    let place = Place::with(script);
    let mut lines =
        "format: 1\ndefaults: {options: {source: [upstream], unpinned: true, verify-run: false}}\n\
                     targets:\n  - {recipe: tool, versions: [v2.0.0]}\n"
            .to_owned();
    for variant in ["one", "two", "three", "four", "five"] {
        lines += &format!(
            "  - {{recipe: tool, versions: [v1.0.0], variant: {variant}, options: {{memory: 2GiB}}}}\n"
        );
    }
    place.workplace.write("release.yaml", &lines);
    place
}

/// One whose results have keys, so that all runs publish the same one.
fn place() -> Place {
    place_with(Script {
        layers: vec![format!("sha256:{}", "1".repeat(64))],
        ..good_script()
    })
}

fn parts(place: &Place, of: u32) {
    for number in 1..=of {
        let (part, output) = (format!("{number}/{of}"), format!("p{number}"));
        let words = ["release", "--partition", &part, "--output", &output];
        place.run(&words).code(0);
    }
}

fn merge(place: &Place, more: &[&str]) -> Finished {
    let words = [&["release", "--output", "merged"], more].concat();
    place.run(&words)
}

/// All files of a release, but what tells of runs: the index, its page, and the sums of those.
pub fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).expect("a directory").flatten() {
            let path = entry.path();
            if path.is_dir() {
                directories.push(path);
            } else if directory != root {
                let name = path
                    .strip_prefix(root)
                    .expect("below")
                    .display()
                    .to_string();
                found.insert(name, fs::read(path).expect("a file"));
            }
        }
    }
    found
}

fn index(root: &Path) -> Value {
    let text = fs::read_to_string(root.join("index.json")).expect("an index");
    serde_json::from_str(&text).expect("JSON")
}

fn folders(index: &Value) -> Vec<String> {
    let targets = index["targets"].as_array().expect("targets");
    let name = |target: &Value| {
        let variant = target["variant"].as_str().unwrap_or_default();
        format!(
            "{} {variant}",
            target["version"].as_str().expect("a version")
        )
    };
    targets.iter().map(name).collect()
}

#[test]
fn parts_make_the_whole_to_the_byte() {
    let place = place();
    let root = place.workplace.path().to_owned();
    place.run(&["release", "--output", "whole"]).code(0);
    parts(&place, 4);
    let merged = merge(&place, &["--merge", "p3", "p1", "p4", "p2"]).code(0);
    let last: Vec<_> = merged.stdout.lines().rev().take(2).collect();
    assert_eq!(last[0], "next: kmembuild verify merged");
    assert_eq!(
        last[1],
        "4 parts merged: 6 targets: 1 not needed, 5 published -> merged (43 files, not signed)"
    );
    assert_eq!(files(&root.join("merged")), files(&root.join("whole")));
    let (whole, of_parts) = (index(&root.join("whole")), index(&root.join("merged")));
    assert_eq!(folders(&of_parts), folders(&whole));
    assert_eq!(of_parts["part"], Value::Null);
    place.run(&["verify", "merged"]).code(0);
    assert!(root.join("merged/index.html").exists());

    // Each target was in one part, and each part is one.
    let owned: Vec<_> = (1..=4)
        .map(|part| index(&root.join(format!("p{part}"))))
        .collect();
    let counts: Vec<_> = owned.iter().map(|index| folders(index).len()).collect();
    assert_eq!(counts, [2, 2, 1, 1]);
    assert_eq!(owned[1]["part"]["number"], 2);
    place.run(&["verify", "p2"]).code(0);

    // Merging again changes nothing.
    let before = fs::read(root.join("merged/SHA256SUMS")).expect("sums");
    merge(&place, &["--merge", "p1", "p2", "p3", "p4", "-q"])
        .code(0)
        .prints("merged\n");
    assert_eq!(
        fs::read(root.join("merged/SHA256SUMS")).expect("sums"),
        before
    );
}

#[test]
fn neither_an_engine_nor_the_sources_are_asked_for_merging() {
    let place = place();
    parts(&place, 2);
    fs::remove_dir_all(place.workplace.path().join("upstream")).expect("removed");
    let words = [
        "release",
        "--merge",
        "p1",
        "p2",
        "--output",
        "merged",
        "--recipe-dir",
        "recipes",
        "--host",
        "unix:///nowhere/engine.sock",
        "--format",
        "json",
    ];
    let merged = place.workplace.run(&words).code(0);
    let document: Value = serde_json::from_str(&merged.stdout).expect("one document");
    assert_eq!(document["parts"], 2);
    assert_eq!(document["targets"].as_array().map(Vec::len), Some(6));
    assert_eq!(document["next"], "kmembuild verify merged");
}

#[test]
fn the_key_is_needed_where_the_parts_are_merged_only() {
    let place = place();
    let key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n-----END PRIVATE KEY-----\n";
    let path = place.workplace.write("release.key", key);
    let only_mine = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(path, only_mine).expect("permissions");
    let public = place.workplace.run(&["public-key", "release.key"]).code(0);
    place.workplace.write("release.pub", &public.stdout);
    let sign = ["--sign-key", "release.key"];
    let whole = [&["release", "--output", "whole"], &sign[..]].concat();
    place.run(&whole).code(0);
    parts(&place, 2);
    let words = [&sign[..], &["--merge", "p1", "p2"]].concat();
    merge(&place, &words).code(0).prints("signed)");
    let root = place.workplace.path();
    assert_eq!(files(&root.join("merged")), files(&root.join("whole")));
    place
        .run(&["verify", "merged", "--key", "release.pub"])
        .code(0);
    // A part that another key signed is refused.
    fs::remove_dir_all(root.join("p2")).expect("removed");
    let other = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIB8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgEA\n-----END PRIVATE KEY-----\n";
    let path = place.workplace.write("other.key", other);
    let only_mine = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(path, only_mine).expect("permissions");
    let part = [
        "release",
        "--partition",
        "2/2",
        "--output",
        "p2",
        "--sign-key",
        "other.key",
    ];
    place.run(&part).code(0);
    merge(&place, &words)
        .code(17)
        .says("p2 differs from what was published");
}

#[test]
fn a_missing_doubled_or_differing_part_is_named() {
    let place = place();
    let root = place.workplace.path().to_owned();
    parts(&place, 3);
    merge(&place, &["--merge", "p1", "p3"])
        .code(17)
        .says("of 3 parts one is missing: 2");
    merge(&place, &["--merge", "p2"])
        .code(17)
        .says("of 3 parts some are missing: 1, 3");
    merge(&place, &["--merge", "p1", "p2", "p3", "p2"])
        .code(17)
        .says("part 2 is doubled: p2 and p2");
    merge(&place, &["--merge", "p1", "p2", "nowhere"])
        .code(5)
        .says("could not read the index of a part of a release in nowhere");
    place.run(&["release", "--output", "whole"]).code(0);
    merge(&place, &["--merge", "p1", "p2", "whole"])
        .code(17)
        .says("whole is not a part of a release: it was made as a whole");
    place
        .run(&["release", "--partition", "1/2", "--output", "half"])
        .code(0);
    merge(&place, &["--merge", "p2", "half", "p3"])
        .code(17)
        .says("half is one of 2 parts, and p2 one of 3");

    // Changed, in a file of a result and in the index.
    let of_part = files(&root.join("p3"));
    let tool = of_part.keys().find(|name| name.ends_with("/tool"));
    let tool = root.join("p3").join(tool.expect("a program"));
    let whole = fs::read(&tool).expect("a program");
    fs::write(&tool, "another").expect("written");
    merge(&place, &["--merge", "p1", "p2", "p3"])
        .code(17)
        .says("p3 differs from what was published")
        .says("tool");
    fs::write(&tool, whole).expect("written");
    let list = root.join("p1/index.json");
    let text = fs::read_to_string(&list).expect("an index");
    let mut leading_out = index(&root.join("p1"));
    for target in leading_out["targets"].as_array_mut().expect("targets") {
        target["variant"] = "../../x".into();
    }
    fs::write(&list, leading_out.to_string()).expect("written");
    merge(&place, &["--merge", "p1", "p2", "p3"])
        .code(17)
        .says("leads out of its directory");
    fs::write(&list, &text).expect("written");

    // More parts than anybody makes, and a part that is none of them.
    for (number, of) in [(1, u32::MAX), (4, 3), (0, 3)] {
        let mut strange: Value = serde_json::from_str(&text).expect("JSON");
        strange["part"]["number"] = number.into();
        strange["part"]["of"] = of.into();
        fs::write(&list, strange.to_string()).expect("written");
        merge(&place, &["--merge", "p1", "p2", "p3"])
            .code(17)
            .says("could not read the index of a part of a release in p1");
    }
    fs::write(&list, &text).expect("written");

    // A target that is in two parts, because they were made by different durations, and one that is in none.
    let second = fs::read_to_string(root.join("p2/index.json")).expect("an index");
    let (first, mut both) = (index(&root.join("p1")), index(&root.join("p2")));
    for list in [&["part", "own"][..], &["targets"]] {
        let of = |index: &Value| {
            list.iter()
                .fold(index.clone(), |value, name| value[*name].clone())
        };
        let mut entries = of(&both).as_array().cloned().expect("a list");
        // Parts are in the order of the file.
        entries.extend(of(&first).as_array().and_then(|all| all.last().cloned()));
        let place = list.iter().fold(&mut both, |value, name| &mut value[*name]);
        *place = entries.into();
    }
    let write = |index: &Value| {
        fs::write(root.join("p2/index.json"), index.to_string()).expect("written");
    };
    write(&both);
    merge(&place, &["--merge", "p1", "p2", "p3"])
        .code(17)
        .says("is doubled: it is in p1 and in p2");
    both["targets"].as_array_mut().expect("targets").pop();
    write(&both);
    merge(&place, &["--merge", "p1", "p2", "p3"])
        .code(17)
        .says("p2 is not finished: 2 of its 3 targets were tried");
    let mut none: Value = serde_json::from_str(&second).expect("JSON");
    none["part"]["own"] = serde_json::json!(["x", "y"]);
    write(&none);
    merge(&place, &["--merge", "p1", "p2", "p3"])
        .code(17)
        .says("is in no part: the parts were made by different durations");
    fs::write(root.join("p2/index.json"), second).expect("written");
    assert!(!root.join("merged").exists(), "nothing was published");

    // Another release file.
    let file = fs::read_to_string(root.join("release.yaml")).expect("a file");
    place.workplace.write(
        "release.yaml",
        &file.replace("variant: five", "variant: six"),
    );
    merge(&place, &["--merge", "p1", "p2", "p3"])
        .code(17)
        .says("which has no tool/v1.0.0/linux-*-five");
}

#[test]
fn a_part_has_a_directory_of_its_own() {
    let place = place();
    parts(&place, 2);
    let again =
        |part: &str, output: &str| place.run(&["release", "--partition", part, "--output", output]);
    again("1/2", "p1").code(0);
    again("2/2", "p1")
        .code(2)
        .says("p1 has part 1/2, and part 2/2 cannot be put there as well");
    place.run(&["release", "--output", "whole"]).code(0);
    again("1/2", "whole").code(2).says("whole has a release");
    again("7/9", "p7")
        .code(2)
        .says("part 7/9 of the 6 targets has none");
    for wrong in ["0/2", "3/2", "x", "1"] {
        again(wrong, "p9").code(2);
    }
    let durations = ["--durations", "release.yaml"];
    let words = [
        &["release", "--partition", "1/2", "--output", "p1"],
        &durations[..],
    ]
    .concat();
    place
        .run(&words)
        .code(2)
        .says("could not read the durations of an earlier release");
}

#[test]
fn the_job_says_which_part_it_is() {
    let place = place();
    let words = ["release", "--partition", "ci", "--plan"];
    place
        .run(&words)
        .code(2)
        .says("CI_NODE_INDEX and CI_NODE_TOTAL are not set");
    let mut command = place.command(&words);
    command.env("CI_NODE_INDEX", "6").env("CI_NODE_TOTAL", "6");
    let finished = Finished::from(command.output().expect("it starts")).code(0);
    assert!(finished.stdout.contains("1 target:"), "{}", finished.stdout);
    let mut command = place.command(&words);
    command.env("CI_NODE_INDEX", "7").env("CI_NODE_TOTAL", "6");
    let finished = Finished::from(command.output().expect("it starts"));
    finished
        .code(2)
        .says("the parts of 6 are 1/6 to 6/6, not 7/6");
}

#[test]
fn what_failed_in_a_part_has_failed_in_the_whole() {
    let step = Step::says(&["compiling"], Ending::Exit(2)).complains(&["Error 2"]);
    let place = place_with(script_with_make(step));
    for part in ["1/2", "2/2"] {
        let output = format!("p{}", &part[..1]);
        place
            .run(&["release", "--partition", part, "--output", &output])
            .code(14);
    }
    merge(&place, &["--merge", "p1", "p2"])
        .code(14)
        .says("5 of 6 targets failed in their parts")
        .prints("-one: FAILED: step compile failed");
    let log = format!("merged/tool/v1.0.0/{}-one.failed/build.log", platform());
    assert!(place.workplace.path().join(log).exists());
    // Once a part is well, so is what is merged of it.
    place.run(&["verify", "merged"]).code(0);
}
