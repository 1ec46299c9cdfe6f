//! `release --push`: what a release published goes to a registry, and only that.

use std::fs;

use super::results::contents;
use crate::scripted::place::Place;
use crate::support::registry::{Registry, free_address};

const FILE: &str = "format: 1
defaults: {options: {source: [upstream], unpinned: true, verify-run: false}}
targets: [{recipe: tool, versions: [v1.0.0]}]
";

#[test]
fn a_release_is_pushed_once_all_of_it_is_published() {
    let (place, registry) = (Place::new(), Registry::start());
    // What was built once is known again.
    let layer = format!("sha256:{}", "1".repeat(64));
    place.engine.change(|script| script.layers = vec![layer]);
    place.workplace.write("release.yaml", FILE);
    let reference = format!("{}/team:2026-11", registry.address);
    let run = |to: &str| place.run(&["release", "--jobs", "1", "--push", to]);
    run(&reference)
        .code(0)
        .says(&format!("pushed {reference} (sha256:"));
    let pulled = place.workplace.run(&["pull", &reference, "back"]).code(0);
    let dist = contents(&place.workplace.path().join("dist"));
    assert_eq!(
        contents(&place.workplace.path().join("back")),
        dist,
        "{}",
        pulled.stdout
    );
    // The result by its version, and the same again.
    let of_version = format!("{}/team/tool:v1.0.0", registry.address);
    place.workplace.run(&["pull", &of_version, "one"]).code(0);
    run(&reference).code(0);
    // A registry that is not there fails the run, but not what is published.
    run(&format!("{}/team", free_address()))
        .code(12)
        .says("no connection");
    assert_eq!(contents(&place.workplace.path().join("dist")), dist);
    // A release of which a target failed is not pushed.
    let other = FILE.replace("v1.0.0", "v1.0.0, v9.9.9");
    place.workplace.write("release.yaml", &other);
    let layout = place.workplace.path().join("layout");
    let to = format!("oci:{}", layout.display());
    let failed = run(&to);
    assert_ne!(failed.code, Some(0), "{failed:?}");
    assert!(fs::symlink_metadata(&layout).is_err());
}
