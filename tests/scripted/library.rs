//! The same build through the library alone, as the example does it.

use super::place::Place;

#[path = "../../examples/build.rs"]
#[expect(dead_code, reason = "the example's own main function")]
mod example;

#[tokio::test]
async fn the_example_plans_and_builds_without_the_command_line() {
    let place = Place::new();
    let directory = place.workplace.path();
    let upstream = directory.join("upstream").display().to_string();
    let engine = Some(place.engine.address());
    let built = example::build(directory, "tool", "v1.0.0", &upstream, engine).await;
    let result = built.expect("a result");
    assert_eq!(result.directory, place.result().canonicalize().unwrap());
    let names = result.manifest.files.iter().map(|file| file.name.as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["tool", "reader"]);
    assert!(
        result
            .manifest
            .files
            .iter()
            .all(kmembuild::artifacts::ManifestFile::passed)
    );
    place.nothing_is_left();
}
