//! Steps that fail.

use std::fs;

use super::place::{Place, names, script_with_make};
use crate::support::scripted_engine::{Ending, Step};

#[test]
fn a_failing_step_shows_its_last_lines_and_keeps_the_whole_log() {
    let lines: Vec<String> = (1..=30)
        .map(|number| format!("line {number} of 30"))
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let place = Place::new();
    place.publish_first();
    let failing = Step::says(&lines, Ending::Exit(2)).complains(&["make: *** [tool] Error 2"]);
    place
        .engine
        .change(|script| *script = script_with_make(failing));
    let finished = place
        .build(&[])
        .code(14)
        .says("error: step compile failed with exit code 2: make tool\n")
        .says("  | line 30 of 30\n  | make: *** [tool] Error 2\n")
        .says("hint: use --keep to keep the container");
    assert_eq!(finished.stdout, "");
    assert!(
        !finished.stderr.contains("line 11 of 30"),
        "{}",
        finished.stderr
    );
    let (_, log) = finished
        .stderr
        .split_once("hint: the whole log is ")
        .expect("the log's path");
    let text = fs::read_to_string(place.workplace.path().join(log.trim_end())).unwrap();
    assert!(text.contains("line 1 of 30\n"), "{text}");
    assert_eq!(names(&place.failed()), ["build.log", "plan.json"]);
    place.first_is_untouched();
    place.nothing_is_left();
}

#[test]
fn a_good_build_removes_the_record_of_an_earlier_failure() {
    let place = Place::with(script_with_make(Step::ends(Ending::Exit(1))));
    place.build(&[]).code(14);
    assert!(place.failed().exists());
    place
        .engine
        .change(|script| *script = super::place::good_script());
    place.build(&[]).code(0);
    assert!(!place.failed().exists());
}

#[test]
fn a_kept_container_can_be_entered_until_clean_removes_it() {
    let place = Place::with(script_with_make(Step::ends(Ending::Exit(2))));
    place
        .build(&["--keep"])
        .code(14)
        .says("hint: enter the container with `docker exec -it ")
        .says("`kmembuild clean` removes it");
    let left = place.engine.containers_left();
    assert_eq!(left.len(), 1);
    place.no_half_result();
    // Another build leaves it alone.
    place
        .engine
        .change(|script| *script = super::place::good_script());
    place.build(&[]).code(0);
    assert_eq!(place.engine.containers_left(), left);
    place
        .run(&["clean"])
        .code(0)
        .prints(&format!("removed container {}\n", left[0]));
    place.nothing_is_left();
    place.run(&["clean"]).code(0).prints("nothing to remove");
}

#[test]
fn keep_keeps_nothing_of_a_build_that_goes_well() {
    let place = Place::new();
    place.build(&["--keep"]).code(0);
    place.nothing_is_left();
}

#[test]
fn lack_of_memory_names_the_limit() {
    let place = Place::with(script_with_make(Step::says(
        &["cc1: killed"],
        Ending::OutOfMemory,
    )));
    let finished = place
        .build(&["--memory", "64MiB"])
        .code(14)
        .says("warning: the memory limit of 64.0 MiB is below the 1.0 GiB that the build needs")
        .says("error: step compile ran out of memory: the limit was 64.0 MiB\n")
        .says("  | cc1: killed")
        .says("hint: raise --memory above 64.0 MiB, or lower --jobs");
    assert_eq!(finished.stdout, "");
    place.nothing_is_left();
}

#[test]
fn lack_of_memory_without_a_limit_blames_the_host() {
    let place = Place::with(script_with_make(Step::ends(Ending::OutOfMemory)));
    place
        .build(&[])
        .code(14)
        .says("no limit was set, so the engine's host itself ran out");
}

#[test]
fn a_step_that_takes_too_long_is_stopped() {
    let place = Place::new();
    place.publish_first();
    place
        .engine
        .change(|script| *script = script_with_make(Step::says(&["slow"], Ending::Never)));
    place
        .build(&["--timeout", "1s"])
        .code(14)
        .says("error: step compile was stopped: the build exceeded its time limit of 1s")
        .says("hint: raise --timeout")
        .says("hint: the whole log is ");
    let log = fs::read_to_string(place.failed().join("build.log")).unwrap();
    assert!(log.contains("slow\n"), "{log}");
    place.first_is_untouched();
    place.nothing_is_left();
}
