//! Whole screens: what a person reads, from the first line to the last.

use super::place::{Place, platform, script_with_make};
use crate::support::command::Finished;
use crate::support::golden::assert_screen;
use crate::support::scripted_engine::{Ending, Step};

fn assert(place: &Place, name: &str, finished: Finished) {
    let path = place.workplace.path().canonicalize().expect("the place");
    let path = path.display().to_string();
    let known = [
        (path.as_str(), "[place]"),
        (place.commit.as_str(), "[commit]"),
        (&place.commit[..12], "[commit]"),
        (&platform(), "[platform]"),
    ];
    assert_screen("scripted", name, finished, &known);
}

#[test]
fn a_build() {
    let place = Place::new();
    let finished = place.build(&[]).code(0);
    assert(&place, "build", finished);
}

#[test]
fn a_build_whose_output_is_shown() {
    let place = Place::new();
    let finished = place.build(&["-v"]).code(0);
    assert(&place, "build-verbose", finished);
}

#[test]
fn a_step_that_fails() {
    let step = Step::says(&["compiling"], Ending::Exit(2)).complains(&["Error 2"]);
    let place = Place::with(script_with_make(step));
    let finished = place.build(&[]).code(14);
    assert(&place, "step-failed", finished);
}

#[test]
fn a_release() {
    let place = Place::new();
    let lines = "format: 1\ndefaults: {options: {source: [upstream], unpinned: true, verify-run: false}}\n\
                 targets: [{recipe: tool, versions: [v1.0.0, v2.0.0, v3.0.0]}]\n";
    place.workplace.write("release.yaml", lines);
    let finished = place.run(&["release", "--jobs", "1"]).code(13);
    assert(&place, "release", finished);
}
