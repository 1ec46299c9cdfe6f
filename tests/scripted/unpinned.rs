//! A tag that nothing pins.

use serde_json::{Value, json};

use super::place::Place;

#[test]
fn a_mirror_decides_only_on_request_and_everything_says_so() {
    let place = Place::new();
    let words = ["tool", "--tag", "v2.0.0", "--source", "upstream", "--force"];
    place
        .run(&words)
        .code(13)
        .says("error: v2.0.0 is not pinned to a commit, so only upstream's own repository may say what it is")
        .says("upstream: not asked")
        .says("--unpinned (`unpinned: true` in a release file) takes the word of a mirror");
    let reports = |version: &str| {
        let line = format!("tool version {version}");
        place
            .engine
            .change(|script| script.steps[2].1.lines = vec![line]);
    };
    reports("2.0.0");
    let said = "nothing pins v2.0.0 to a commit; upstream, which is not upstream's own repository, decided";
    place
        .run(&[&words[..], &["--unpinned"]].concat())
        .code(0)
        .says(&format!("warning: {said}"));
    let read = |name: &str| -> Value {
        let versions = place.workplace.path().join("dist/tool/v2.0.0");
        let platform = std::fs::read_dir(versions).unwrap().next().unwrap();
        let text = std::fs::read(platform.unwrap().path().join(name));
        serde_json::from_slice(&text.unwrap()).unwrap()
    };
    let manifest = read("manifest.json");
    assert_eq!(manifest["source"]["git"]["unpinned"], true);
    assert!(
        manifest["warnings"].to_string().contains(said),
        "{manifest}"
    );
    let provenance = read("provenance.json");
    let definition = provenance.pointer("/predicate/buildDefinition/resolvedDependencies");
    let source = definition.and_then(|all| all.get(0)).expect("the source");
    assert_eq!(source["annotations"], json!({"unpinned": true}), "{source}");

    // The node's own report of the whole commit is as good as a pin.
    let commit = manifest["source"]["git"]["commit"].as_str().unwrap();
    let report = format!("tool version 2.0.0\ncommit: {commit}\n");
    let like = [
        "plan", "tool", "--like", "-", "--source", "upstream", "--force",
    ];
    let like = [&like[..], &["--format", "json"]].concat();
    let plan = place.run_with_input(&like, &report).code(0).stdout;
    assert!(!plan.contains("nothing pins"), "{plan}");
    let report = format!("tool version 2.0.0\ncommit: {}\n", &commit[..12]);
    place.run_with_input(&like, &report).code(13);

    // What the recipe pins is taken from anywhere, and nothing is said of it.
    reports("1.0.0");
    place.build(&[]).code(0);
    let text = std::fs::read_to_string(place.result().join("manifest.json")).unwrap();
    assert!(!text.contains("unpinned"), "{text}");
}
