//! What runs that were killed leave, and who removes it.

use rustix::process::Signal;

use super::place::{Place, good_script, names, script_with_make};
use super::stopping::{in_step, kill_in_mid_step};
use crate::support::scripted_engine::{Ending, Refusal, Step};

fn endless_place() -> Place {
    Place::with(script_with_make(Step::ends(Ending::Never)))
}

#[test]
fn the_next_build_removes_what_a_killed_one_left() {
    let place = Place::new();
    place.publish_first();
    place
        .engine
        .change(|script| *script = script_with_make(Step::ends(Ending::Never)));
    kill_in_mid_step(&place);
    assert_eq!(place.engine.containers_left().len(), 1);
    assert_eq!(names(&place.versions()).len(), 2, "a half result");
    place.first_is_untouched();
    place.engine.change(|script| *script = good_script());
    place.build(&[]).code(0);
    place.nothing_is_left();
}

#[test]
fn clean_removes_the_container_of_a_killed_run() {
    let place = endless_place();
    kill_in_mid_step(&place);
    let left = place.engine.containers_left();
    place
        .run(&["clean"])
        .code(0)
        .prints(&format!("removed container {}\n", left[0]));
    assert_eq!(place.engine.containers_left(), Vec::<String>::new());
    place.run(&["clean"]).code(0).prints("nothing to remove");
}

#[test]
fn the_container_of_a_live_run_is_not_removed() {
    let place = endless_place();
    let run = in_step(&place);
    for further in [&[][..], &["--all", "--caches", "--images"]] {
        let clean = [&["clean"], further].concat();
        place.run(&clean).code(0).prints("nothing to remove");
        assert_eq!(place.engine.containers_left().len(), 1);
    }
    run.send(Signal::TERM);
    run.finish().code(130);
    place.nothing_is_left();
}

#[test]
fn containers_of_other_machines_go_after_their_deadline_or_on_request() {
    let place = Place::new();
    let of = |run, deadline| {
        [
            ("io.kmembuild.run", run),
            ("io.kmembuild.deadline", deadline),
        ]
    };
    place
        .engine
        .add_container("over", &of("aaaaaaaaaa", "1000000000"));
    place
        .engine
        .add_container("running", &of("bbbbbbbbbb", "9999999999"));
    place
        .engine
        .add_container("users", &[("io.kmembuild.run", "cccccccccc")]);
    place
        .run(&["clean"])
        .code(0)
        .prints("removed container over\n");
    assert_eq!(place.engine.containers_left(), ["running", "users"]);
    place.build(&[]).code(0);
    assert_eq!(place.engine.containers_left(), ["running", "users"]);
    let cleaned = place.run(&["clean", "--all", "--format", "json"]).code(0);
    let cleaned: serde_json::Value = serde_json::from_str(&cleaned.stdout).unwrap();
    assert_eq!(cleaned["format"], 1);
    assert_eq!(cleaned["removed"][0]["name"], "running");
    // Somebody started it from an image of the tool's, whose labels it has.
    assert_eq!(place.engine.containers_left(), ["users"]);
}

#[test]
fn what_cannot_be_removed_is_named_and_does_not_keep_the_rest() {
    let place = Place::new();
    for (name, run) in [("one", "aaaaaaaaaa"), ("two", "bbbbbbbbbb")] {
        let labels = [
            ("io.kmembuild.run", run),
            ("io.kmembuild.deadline", "1000000000"),
        ];
        place.engine.add_container(name, &labels);
    }
    place.engine.change(|script| {
        script.remove = Some(Refusal {
            status: 500,
            message: "it is stuck",
        });
    });
    let cleaned = place.run(&["clean"]).code(12);
    for name in ["one", "two"] {
        assert!(
            cleaned.stderr.contains(&format!("\n  {name}: ")),
            "{}",
            cleaned.stderr
        );
    }
    assert_eq!(cleaned.stderr.matches("it is stuck").count(), 2);
    let json = place.run(&["clean", "--format", "json"]).code(12);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["failed"].as_array().map(Vec::len), Some(2));
    place.engine.change(|script| *script = good_script());
    place.run(&["clean"]).code(0);
    assert_eq!(place.engine.containers_left(), Vec::<String>::new());
}

#[test]
fn a_second_build_of_the_same_waits_for_the_first() {
    let place = endless_place();
    let first = in_step(&place);
    let second = place.start_build(&[]);
    second.until_says("note: waiting for run ");
    second.until_says("which builds into ");
    assert_eq!(place.engine.containers_left().len(), 1);
    second.send(Signal::TERM);
    second.finish().code(130);
    assert_eq!(place.engine.containers_left().len(), 1);
    first.send(Signal::TERM);
    first.finish().code(130);
    place.nothing_is_left();
}
