//! What is said of known holes, where and when.

use serde_json::{Value, json};

use super::place::{BUILD, Place};

const ONE: &str = "format: 1
instead: use the newest release
holes:
  - id: CVE-2000-0001
    versions: ['<1.0.1']
    escape: true
    summary: a container gets out
    source: https://advisories.example/1
  - id: CVE-2000-0002
    versions: ['<1.0.0', '>=2.0.0']
    summary: another version's
    source: https://advisories.example/2
";
const LINE: &str = "v1.0.0 has a known hole: CVE-2000-0001; use the newest release";

fn manifest(place: &Place) -> Value {
    let text = std::fs::read(place.result().join("manifest.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

#[test]
fn the_plan_the_result_and_the_manifest_name_them() {
    let place = Place::new();
    place.workplace.write("recipes/advisories/tool.yaml", ONE);
    let plan = [&["plan"][..], &BUILD, &["--format", "json"]].concat();
    let plan: Value = serde_json::from_str(&place.run(&plan).code(0).stdout).unwrap();
    assert_eq!(plan["warnings"], json!([LINE]));
    place
        .build(&[])
        .code(0)
        .prints(&format!("\n{LINE}\n"))
        .says(&format!("warning: {LINE}\n"));
    let hole = json!({
        "id": "CVE-2000-0001",
        "escape": true,
        "summary": "a container gets out",
        "source": "https://advisories.example/1",
    });
    let known = manifest(&place)["known-holes"].clone();
    assert_eq!(
        known,
        json!({"holes": [hole], "instead": "use the newest release"})
    );

    // Of what has none, nothing is said.
    std::fs::remove_file(place.workplace.path().join("recipes/advisories/tool.yaml")).unwrap();
    let quiet = place.build(&[]).code(0);
    assert!(!quiet.stdout.contains("known hole"), "{}", quiet.stdout);
    assert!(manifest(&place).get("known-holes").is_none());
}

#[test]
fn a_release_counts_them() {
    let place = Place::new();
    place.workplace.write("recipes/advisories/tool.yaml", ONE);
    let lines = "format: 1\ndefaults: {options: {source: [upstream], verify-run: false}}\n\
                 targets: [{recipe: tool, versions: [v1.0.0]}]\n";
    place.workplace.write("release.yaml", lines);
    let released = place.run(&["release", "--jobs", "1"]).code(0);
    let row = released
        .stdout
        .lines()
        .find(|line| line.contains("tool/v1.0.0"));
    assert!(
        row.is_some_and(|row| row.contains("1 known hole, container")),
        "{}",
        released.stdout
    );
}

#[test]
fn a_mistake_in_the_list_is_found_before_anything_is_built() {
    let place = Place::new();
    let wrong = ONE.replace("<1.0.1", "1.0.1");
    place
        .workplace
        .write("recipes/advisories/tool.yaml", &wrong);
    place
        .build(&[])
        .code(10)
        .says("recipes/advisories/tool.yaml:5:")
        .says("is not a bound of a version range");
}
