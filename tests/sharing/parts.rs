//! A release of twenty targets that five machines make together, with a shared cache and without, and that is taken from it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::machine::{Team, unsigned, without_images};
use crate::scripted::parts::files;
use crate::scripted::upstream::recipe;
use crate::support::registry::Registry;
use crate::support::running::Running;

/// How many targets there are, each with a recipe of its own.
const TARGETS: u32 = 20;
/// How many machines.
const PARTS: u32 = 5;

fn team() -> Team {
    let team = Team::new();
    let mut lines =
        "format: 1\ndefaults: {options: {source: [upstream], unpinned: true, verify-run: false}}\ntargets:\n"
            .to_owned();
    for number in 1..=TARGETS {
        let name = format!("tool{number:02}");
        let text = recipe(&team.place.commit).replace("name: tool\n", &format!("name: {name}\n"));
        team.place
            .workplace
            .write(&format!("recipes/{name}.yaml"), &text);
        lines += &format!("  - {{recipe: {name}, versions: [v1.0.0]}}\n");
    }
    team.place.workplace.write("release.yaml", &lines);
    team
}

/// Makes all parts at the same time, each on a machine of its own.
fn make_parts(team: &Team, name: &str, further: &[&str]) {
    let machines: Vec<_> = (1..=PARTS)
        .map(|part| team.machine(format!("{name}{part}")))
        .collect();
    let runs = machines.iter().zip(1..).map(|(machine, part)| {
        let (part, output) = (format!("{part}/{PARTS}"), format!("{}/dist", machine.name));
        let words = ["release", "--partition", &part, "--output", &output];
        Running::start(&mut machine.command(&[&words, further].concat()))
    });
    let runs: Vec<_> = runs.collect();
    for run in runs {
        let finished = run.finish().code(0);
        assert!(!finished.stderr.contains("warning"), "{}", finished.stderr);
    }
}

/// Merges the directories of the parts.
fn merge(team: &Team, name: &str, output: &str, further: &[&str]) {
    let parts: Vec<_> = (1..=PARTS)
        .map(|part| format!("{name}{part}/dist"))
        .collect();
    let parts: Vec<_> = parts.iter().map(String::as_str).collect();
    let words = [
        &["release", "--output", output],
        further,
        &["--merge"],
        &parts,
    ]
    .concat();
    let merger = team.machine("merger");
    merger
        .run(&words)
        .code(0)
        .prints("5 parts merged: 20 targets: 20 published");
}

fn results(team: &Team, folder: &str) -> BTreeMap<String, Vec<u8>> {
    let found = files(&team.place.workplace.path().join(folder));
    let programs = found.keys().filter(|name| name.ends_with("/tool"));
    assert_eq!(programs.count(), TARGETS as usize);
    found
}

#[test]
fn five_machines_with_a_shared_cache_make_the_same_as_one() {
    let (team, registry) = (team(), Registry::start());
    let cache = format!("{}/team/cache", registry.address);
    let from = ["--cache-from", &cache, "--cache-key", &team.public];
    let to = ["--cache-to", &cache, "--sign-key", &team.private];
    let sign = ["--sign-key", team.private.as_str()];
    // One machine builds everything, and five others take their parts of it.
    let one = team.machine("one");
    let words = [&["release", "--output", "one/dist"][..], &to].concat();
    one.run(&words).code(0);
    let before = team.containers();
    make_parts(&team, "part", &from);
    assert_eq!(team.containers(), before, "nothing was built again");
    merge(&team, "part", "merged", &sign);
    // Signed by the same key, even the signatures are equal.
    let whole = results(&team, "one/dist");
    assert_eq!(results(&team, "merged"), whole);
    // Without directories of parts, on an engine without images.
    let engine = without_images();
    team.machine("locker").run(&["lock"]).code(0);
    let last = team.machine_with("last", engine.address());
    let words = [
        &["release", "--locked", "--output", "of-cache"],
        &from[..],
        &sign,
        &["--merge"],
    ]
    .concat();
    last.run(&words)
        .code(0)
        .prints("20 targets: 20 taken from the cache");
    assert_eq!(results(&team, "of-cache"), whole);
    for asked in ["/images/create", "/build", "/containers/create"] {
        assert!(!engine.was_asked(asked), "{asked}");
    }
    let words = ["verify", "of-cache", "--key", &team.public];
    team.place.workplace.run(&words).code(0);
}

#[test]
fn what_five_machines_put_is_one_release() {
    let (team, registry) = (team(), Registry::start());
    let cache = format!("{}/team/cache", registry.address);
    let from = ["--cache-from", &cache, "--cache-key", &team.public];
    let to = ["--cache-to", &cache, "--sign-key", &team.private];
    let sign = ["--sign-key", team.private.as_str()];
    // A merge says what is missing, and publishes nothing.
    let early = team.machine("early");
    let words = [&["release", "--output", "early-dist", "--merge"], &from[..]].concat();
    early
        .run(&words)
        .code(17)
        .says("not in the shared cache:\n  tool01/v1.0.0/linux-");
    assert!(!team.place.workplace.path().join("early-dist").exists());
    let both = [&from[..], &to[..]].concat();
    make_parts(&team, "part", &both);
    merge(&team, "part", "merged", &sign);
    let last = team.machine("last");
    let before = team.containers();
    let words = [
        &["release", "--output", "of-cache", "--merge"],
        &from[..],
        &sign,
    ]
    .concat();
    last.run(&words).code(0);
    assert_eq!(team.containers(), before);
    assert_eq!(results(&team, "of-cache"), results(&team, "merged"));
}

#[test]
fn five_machines_without_one_make_the_same_programs() {
    let team = team();
    let one = team.machine("one");
    one.run(&["release", "--output", "one/dist"]).code(0);
    make_parts(&team, "part", &[]);
    merge(&team, "part", "merged", &[]);
    let timeless = |folder: &str| {
        let found = unsigned(results(&team, folder)).into_iter();
        let found = found.filter(|(name, _)| !name.ends_with("build.log"));
        found
            .map(|(name, bytes)| {
                let bytes = if name.ends_with("manifest.json") {
                    without_times(&bytes)
                } else {
                    bytes
                };
                (name, bytes)
            })
            .collect::<BTreeMap<_, _>>()
    };
    let whole = timeless("one/dist");
    // Programs, plan, bill of materials and manifest of each.
    assert_eq!(whole.len(), 5 * TARGETS as usize);
    assert_eq!(timeless("merged"), whole);
}

/// A manifest without the times of its build, which are those of the machine.
fn without_times(manifest: &[u8]) -> Vec<u8> {
    let mut manifest: Value = serde_json::from_slice(manifest).expect("JSON");
    for time in ["started-at", "built-at"] {
        manifest[time] = Value::Null;
    }
    for command in manifest["commands"].as_array_mut().expect("commands") {
        command["milliseconds"] = Value::Null;
    }
    serde_json::to_vec(&manifest).expect("JSON")
}

/// The files of a directory are those of a release.
#[test]
fn a_part_without_its_own_results_in_the_cache_builds_them() {
    let (team, registry) = (team(), Registry::start());
    let cache = format!("{}/team/cache", registry.address);
    let from = ["--cache-from", &cache, "--cache-key", &team.public];
    let to = ["--cache-to", &cache, "--sign-key", &team.private];
    // Only the first part is there.
    let first = team.machine("first");
    let words = [
        &["release", "--partition", "1/5", "--output", "first/dist"],
        &to[..],
    ]
    .concat();
    first.run(&words).code(0);
    let whole = team.machine("whole");
    let words = [&["release", "--output", "whole/dist"], &from[..]].concat();
    whole
        .run(&words)
        .code(0)
        .prints("taken from the cache")
        .prints("built");
    let own = unsigned(files(Path::new(&first.path().join("dist"))));
    let all = unsigned(results(&team, "whole/dist"));
    for (name, bytes) in own {
        assert_eq!(all.get(&name), Some(&bytes), "{name}");
    }
}
