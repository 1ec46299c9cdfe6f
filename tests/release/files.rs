//! Release files that are not as they should be.

use super::place::ReleasePlace;

#[test]
fn mistakes_are_named_with_their_place() {
    let place = ReleasePlace::new("mistakes", "cp /bin/true out");
    place
        .release(&["nowhere.yaml"])
        .code(10)
        .says("could not read the release file nowhere.yaml")
        .says("hint: use another file");
    for (text, said) in [
        (
            "targets: [{recipe: '{first}x', versions: [v1]}]",
            "release.yaml:2:20: there is no recipe",
        ),
        (
            "targets: [{recipe: '{first}', version: [v1]}]",
            "unknown field `version`",
        ),
        (
            "jobs: 0\ntargets: [{recipe: '{first}', versions: [v1]}]",
            "at least 1",
        ),
    ] {
        place.write(text);
        place.release(&[]).code(10).says(said);
    }
    // A recipe that is refused says more than that it is not there.
    place
        .build
        .place
        .write("recipes/broken.yaml", "format: 1\nnam: broken\n");
    place.write("targets: [{recipe: broken, versions: [v1]}]");
    place
        .release(&[])
        .code(10)
        .says("broken.yaml:2:1: unknown field `nam`");
}

#[test]
fn the_schema_is_json_schema() {
    let place = ReleasePlace::new("schema", "cp /bin/true out");
    let schema = place.release(&["--schema"]).code(0).stdout;
    let schema: serde_json::Value = serde_json::from_str(&schema).expect("JSON");
    let dialect = schema["$schema"].as_str().expect("a dialect");
    assert!(dialect.contains("json-schema.org"), "{dialect}");
    assert!(schema["properties"]["targets"].is_object());
}
