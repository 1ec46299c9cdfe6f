//! Every command that changes something says with `--dry-run` what it would do, and changes nothing; the command that it names
//! as the next one does that.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::place::{Place, good_script, platform};
use super::screens::{packed, pushed, released, runc_and_nodes};
use crate::support::command::Workplace;
use crate::support::scripted_engine::Script;

/// A dry run: where, which, and what is there after the real one.
struct DryRun {
    before: fn(&Place),
    words: Vec<String>,
    made: &'static str,
    /// What it says.
    verdict: &'static str,
}

fn dry_run(
    before: fn(&Place),
    words: &[&str],
    made: &'static str,
    verdict: &'static str,
) -> DryRun {
    let words = words.iter();
    DryRun {
        before,
        words: words
            .map(|word| word.replace("PLATFORM", &platform()))
            .collect(),
        made,
        verdict,
    }
}

const RESULT: &str = "dist/tool/v1.0.0/PLATFORM";
const RUNC: &str = "dist/runc/v1.0.0-rc10/linux-amd64";

fn dry_runs() -> [DryRun; 9] {
    [
        dry_run(
            released,
            &["push", RESULT, "oci:layout"],
            "layout/oci-layout",
            "would push: ",
        ),
        dry_run(
            released,
            &["push", "dist", "oci:layout"],
            "layout/oci-layout",
            "would push: ",
        ),
        dry_run(
            runc_and_nodes,
            &["push", RUNC, "oci:layout", "--node-image"],
            "layout/oci-layout",
            "would push: ",
        ),
        dry_run(
            pushed,
            &["pull", "oci:layout:v1.0.0", "pulled"],
            "pulled/manifest.json",
            "would pull ",
        ),
        dry_run(
            released,
            &["reproduce", RESULT, "--output", "again"],
            "again/tool",
            "would build 2 files again, and compare with dist/",
        ),
        dry_run(
            packed,
            &[
                "repository",
                "dist",
                "--yum",
                "el7",
                "--apt",
                "stable",
                "--package-key",
                "packages.key",
            ],
            "repositories/apt/dists/stable/InRelease",
            "would change 2 of 2 repositories",
        ),
        dry_run(
            runc_and_nodes,
            &["rollout", RUNC, "--nodes", "nodes"],
            "rollout/ssh/rollout.sh",
            "would write the rollout of runc v1.0.0-rc10 to 2 nodes -> rollout",
        ),
        dry_run(
            runc_and_nodes,
            &["node-script", RUNC, "--output", "node.sh"],
            "node.sh",
            "would write node.sh for runc v1.0.0-rc10",
        ),
        dry_run(
            released,
            &["lock", "release.yaml"],
            "kmembuild.lock",
            "it would be written",
        ),
    ]
}

/// All files below a directory with their content, but those of the cache: planning fetches.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a directory").flatten() {
            let path = entry.path();
            let name = path.strip_prefix(root).expect("below");
            let name = name.to_string_lossy().into_owned();
            if name == "cache" || name == "config" {
                continue;
            }
            if path.is_dir() {
                found.insert(name, Vec::new());
                folders.push(path);
            } else if path.is_file() {
                found.insert(name, fs::read(&path).expect("a file"));
            }
        }
    }
    found
}

#[test]
fn nothing_is_changed_and_the_next_command_does_it() {
    for DryRun {
        before,
        words,
        made,
        verdict,
    } in dry_runs()
    {
        // The image is known again, so that a result can be built again in it.
        let place = Place::with(Script {
            layers: vec![format!("sha256:{}", "1".repeat(64))],
            ..good_script()
        });
        before(&place);
        let root = place.workplace.path();
        let were = files(root);
        let mut words: Vec<_> = words.iter().map(String::as_str).collect();
        words.push("--dry-run");
        let shown = place.run(&words).code(0).prints(verdict);
        let names = |of: &BTreeMap<String, Vec<u8>>| of.keys().cloned().collect::<Vec<_>>();
        let are = files(root);
        assert_eq!(names(&are), names(&were), "{words:?}");
        assert!(are == were, "{words:?} changed a file");
        assert!(!root.join(made).exists(), "{words:?}: {made}");
        words.pop();
        if let Some(next) = shown
            .stdout
            .lines()
            .find_map(|line| line.strip_prefix("next: kmembuild "))
        {
            let next: Vec<_> = next.split(' ').filter(|word| !word.is_empty()).collect();
            assert!(next.starts_with(&words), "{next:?}");
            assert!(!next.contains(&"--dry-run"), "{next:?}");
        } else {
            assert_eq!(words[0], "lock", "no next command:\n{}", shown.stdout);
        }
        place.run(&words).code(0);
        assert!(root.join(made).exists(), "{words:?}: no {made}");
    }
}

#[test]
fn what_a_dry_run_of_a_push_counts_is_what_is_pushed() {
    let count = |document: &Value| {
        let number = |name: &str| document[name].as_u64().expect("a number");
        let tags = document["tags"].as_array().expect("tags");
        let digests: Vec<_> = tags.iter().map(|tag| tag["digest"].clone()).collect();
        (
            number("blobs"),
            number("moved-blobs"),
            number("moved-bytes"),
            number("moved-documents"),
            digests,
        )
    };
    let place = Place::with(good_script());
    released(&place);
    let run = |words: &[&str]| -> Value {
        let words = [&["push", "dist", "oci:layout", "--format", "json"], words].concat();
        let finished = place.run(&words).code(0);
        serde_json::from_str(&finished.stdout).expect("one document")
    };
    let shown = run(&["--dry-run"]);
    let pushed = run(&[]);
    assert_eq!(count(&shown), count(&pushed));
    assert_eq!(
        (&shown["dry-run"], &pushed["dry-run"]),
        (&true.into(), &false.into())
    );
    let again = run(&["--dry-run"]);
    assert_eq!(
        again["verdict"],
        Value::from("nothing to push: everything is there already")
    );
    assert_eq!(again["moved-bytes"], Value::from(0));
}

#[test]
fn what_cannot_be_done_is_refused_in_a_dry_run_as_well() {
    let place = Place::with(good_script());
    released(&place);
    let result = RESULT.replace("PLATFORM", &platform());
    place
        .run(&["pull", "oci:layout:v1.0.0", "pulled", "--dry-run"])
        .code(15)
        .says("layout is not an OCI image layout");
    place.workplace.write("other/file", "mine");
    place
        .run(&["push", &result, "oci:other", "--dry-run"])
        .code(15)
        .says("other");
    place
        .run(&["node-script", &result, "-o", "node.sh", "--dry-run"])
        .code(2);
    place
        .run(&["bundle", "--dry-run"])
        .code(17)
        .says("lock file");
}

#[test]
fn a_command_that_changes_nothing_says_so() {
    let workplace = Workplace::new();
    let commands: [&[&str]; 7] = [
        &["verify", "dist"],
        &["doctor"],
        &["cache", "list"],
        &["kmem", "watch"],
        &["recipes", "list"],
        &["fleet", "nodes"],
        &["man", "man"],
    ];
    for words in commands {
        let path: Vec<_> = match words {
            [group @ ("cache" | "kmem" | "recipes"), word, ..] => vec![*group, *word],
            words => vec![words[0]],
        };
        let path = path.join(" ");
        workplace
            .run(&[words, &["--dry-run"]].concat())
            .code(2)
            .says(&format!(
                "`kmembuild {path}` has no --dry-run: it changes nothing, and writes no file but those that you name"
            ));
    }
    assert!(!workplace.path().join("man").exists());
}
