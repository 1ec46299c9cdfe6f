//! Ctrl-C, and runs that are killed.

use rustix::process::Signal;

use crate::support::build_place::{BuildPlace, WAIT};
use crate::support::debian_image::debian_image;

/// What a run says when its step begins.
const STEP: &str = "\nstep script";

#[test]
fn an_interrupted_run_ends_and_leaves_the_earlier_result_alone() {
    debian_image();
    let build = BuildPlace::steps(
        "interrupted",
        "test ! -e /src/.wait; cp /bin/true out",
        "out",
    );
    build.build("v1.0.0-rc10", &[]).code(0);
    let before = std::fs::read(build.result("v1.0.0-rc10").join("manifest.json"));
    let recipe = format!("recipes/{}.yaml", build.recipe);
    let text = std::fs::read_to_string(build.place.path().join(&recipe)).expect("the recipe");
    build
        .place
        .write(&recipe, &text.replace("test ! -e /src/.wait", WAIT));

    let run = build.start("v1.0.0-rc10", &[]);
    run.until_says(STEP);
    assert_eq!(build.containers().len(), 1);
    run.send(Signal::INT);
    run.finish().code(130).says("nothing was published");
    let after = std::fs::read(build.result("v1.0.0-rc10").join("manifest.json"));
    assert_eq!(
        after.expect("the earlier result"),
        before.expect("a result")
    );
    build.assert_nothing_is_left();
}

#[test]
fn what_a_killed_run_left_is_removed_by_the_next() {
    debian_image();
    let build = BuildPlace::steps("killed", &format!("{WAIT}; cp /bin/true out"), "out");
    let run = build.start("v1.0.0-rc10", &[]);
    run.until_says(STEP);
    run.kill();
    let left = build.containers();
    assert_eq!(left.len(), 1);
    let run = build.start("v1.0.0-rc10", &[]);
    run.until_says(STEP);
    assert!(!build.containers().contains(&left[0]));
    build.let_go();
    run.finish().code(0);
    build.assert_nothing_is_left();
}
