//! The pins of Kubernetes against the public records of its tags.

use std::collections::{BTreeMap, BTreeSet};

use kmembuild::library::Library;
use kmembuild::recipe::{Source, Version};
use kmembuild::release::{KnownTags, expand, parse_release};

const RECORDS: &str = include_str!("../../docs/kubernetes-tags.tsv");

/// The commit and the number of independent records, by tag.
fn records() -> BTreeMap<&'static str, (&'static str, usize)> {
    let lines = RECORDS.lines().filter(|line| !line.starts_with('#'));
    let mut records = BTreeMap::new();
    for line in lines {
        let fields: Vec<_> = line.split('\t').collect();
        let [tag, commit, number, which] = fields.as_slice() else {
            panic!("{line}");
        };
        assert!(!which.is_empty(), "{line}");
        let number = number.parse().expect("a number");
        assert_eq!(records.insert(*tag, (*commit, number)), None, "{tag}");
    }
    records
}

fn pins() -> BTreeMap<Version, String> {
    let loaded = Library::new(Vec::new())
        .load("kubelet")
        .expect("the recipe");
    let Source::Git(git) = loaded.recipe.source else {
        panic!("kubelet's source is a git repository");
    };
    let pins = git.tags.into_iter();
    pins.map(|(tag, commit)| (tag, commit.to_string()))
        .collect()
}

#[test]
fn the_pins_of_kubelet_are_those_that_two_records_show() {
    let records = records().into_iter();
    let shown = records.filter(|(_, (_, number))| *number >= 2);
    let shown: BTreeMap<Version, String> = shown
        .map(|(tag, (commit, _))| (tag.parse().expect("a version"), commit.to_owned()))
        .collect();
    assert_eq!(pins(), shown);
    assert_eq!(shown.len(), 149);
}

#[test]
fn no_two_releases_of_kubernetes_are_the_same_commit() {
    let records = records();
    let commits: BTreeSet<_> = records.values().map(|(commit, _)| commit).collect();
    assert_eq!(commits.len(), records.len());
    for (commit, _) in records.values() {
        let is_whole = commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit());
        assert!(is_whole, "{commit}");
    }
}

#[test]
fn a_range_of_a_release_file_selects_among_them() {
    let text = "format: 1\ntargets: [{recipe: kubelet, range: '>=1.20.0, <1.21.2'}]\n";
    let release = parse_release("r.yaml", text).expect("a release");
    let known = |_: &_| Ok(KnownTags::Git(pins().into_keys().collect()));
    let targets = expand("r.yaml", text, &release, known).expect("targets");
    let labels: Vec<_> = targets
        .iter()
        .map(|target| target.name(None, None))
        .collect();
    // v1.20.8, v1.20.12 and v1.20.14 have one record or none.
    let expected = [
        "v1.20.0", "v1.20.1", "v1.20.2", "v1.20.3", "v1.20.4", "v1.20.5", "v1.20.6", "v1.20.7",
        "v1.20.9", "v1.20.10", "v1.20.11", "v1.20.13", "v1.20.15", "v1.21.0", "v1.21.1",
    ];
    assert_eq!(labels, expected.map(|tag| format!("kubelet/{tag}/linux-*")));
}
