//! What runs that were killed leave, and who removes it.

use std::fs;

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
fn containers_of_other_machines_go_when_their_time_is_over_by_the_engines_clock_or_on_request() {
    let place = Place::new();
    let of = |run, lifetime| {
        [
            ("io.kmembuild.run", run),
            ("io.kmembuild.lifetime", lifetime),
        ]
    };
    // The engine's clock is decades behind that of this machine.
    for (name, age, running) in [("over", 3601, true), ("created", 7200, false)] {
        place
            .engine
            .add_container(name, age, running, &of("aaaaaaaaaa", "3600"));
    }
    place
        .engine
        .add_container("young", 3599, true, &of("bbbbbbbbbb", "3600"));
    // As earlier versions labelled them.
    for (name, deadline) in [("old", "999999999"), ("in-time", "1000000001")] {
        let labels = [
            ("io.kmembuild.run", "cccccccccc"),
            ("io.kmembuild.deadline", deadline),
        ];
        place.engine.add_container(name, 9999, true, &labels);
    }
    let users = [("io.kmembuild.run", "dddddddddd")];
    place.engine.add_container("users", 9999, true, &users);
    let cleaned = place.run(&["clean"]).code(0);
    for name in ["over", "created", "old"] {
        let line = format!("removed container {name}\n");
        assert!(cleaned.stdout.contains(&line), "{}", cleaned.stdout);
    }
    for name in ["young", "in-time"] {
        let line = format!("kept container {name}: a run of another machine may use it");
        assert!(cleaned.stdout.contains(&line), "{}", cleaned.stdout);
    }
    let left = ["young", "in-time", "users"];
    assert_eq!(place.engine.containers_left(), left);
    place.build(&[]).code(0);
    assert_eq!(place.engine.containers_left(), left);
    let cleaned = place.run(&["clean", "--all", "--format", "json"]).code(0);
    let cleaned: serde_json::Value = serde_json::from_str(&cleaned.stdout).unwrap();
    assert_eq!(cleaned["format"], 1);
    assert_eq!(cleaned["removed"][0]["name"], "young");
    assert_eq!(cleaned["of-others"], serde_json::json!([]));
    // Somebody started it from an image of the tool's, whose labels it has.
    assert_eq!(place.engine.containers_left(), ["users"]);
}

#[test]
fn registrations_of_killed_runs_go_as_soon_as_nothing_of_them_is_left() {
    let place = endless_place();
    for _ in 0..2 {
        kill_in_mid_step(&place);
    }
    // The second run removed what the first one had left, and forgot it.
    assert_eq!(place.registrations().len(), 1);
    for id in place.engine.containers_left() {
        place.engine.forget_container(&id);
    }
    place.run(&["clean"]).code(0).prints("nothing to remove");
    assert_eq!(place.registrations(), Vec::<String>::new());
}

#[test]
fn clean_finds_the_container_of_a_killed_run_without_its_registration() {
    let place = endless_place();
    kill_in_mid_step(&place);
    let runs = place.workplace.path().join("cache/runs");
    for name in place.registrations() {
        std::fs::remove_file(runs.join(name)).unwrap();
    }
    let left = place.engine.containers_left();
    place
        .run(&["clean"])
        .code(0)
        .prints(&format!("removed container {}\n", left[0]));
    assert_eq!(place.engine.containers_left(), Vec::<String>::new());
}

#[test]
fn a_missing_directory_for_temporary_files_is_named_before_anything_is_started() {
    let place = Place::new();
    place.workplace.write("file", "");
    let release = "format: 1\ntargets:\n  - {recipe: tool, versions: [v1.0.0]}\n";
    place.workplace.write("release.yaml", release);
    let commands: [&[&str]; 5] = [
        &["tool", "--tag", "v1.0.0"],
        &["release", "release.yaml"],
        &["lock", "release.yaml"],
        &["reproduce", "dist"],
        &["verify", "--run", "/bin/true"],
    ];
    for words in commands {
        for temporary in ["missing", "file", "file/below"] {
            let temporary = place.workplace.path().join(temporary);
            let mut command = place.command(words);
            let output = command.env("TMPDIR", &temporary).output().unwrap();
            let text = format!(
                "error: could not write to {}, the directory for temporary files\n",
                temporary.display()
            );
            crate::support::command::Finished::from(output)
                .code(2)
                .says(&text)
                .says("hint: set TMPDIR to a directory that exists");
        }
    }
    assert!(place.engine.requests().is_empty());
}

#[test]
fn what_cannot_be_removed_is_named_and_does_not_keep_the_rest() {
    let place = Place::new();
    for (name, run) in [("one", "aaaaaaaaaa"), ("two", "bbbbbbbbbb")] {
        let labels = [("io.kmembuild.run", run), ("io.kmembuild.lifetime", "60")];
        place.engine.add_container(name, 61, true, &labels);
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

#[test]
fn a_reference_that_a_killed_run_was_writing_is_written_by_the_next_one() {
    let place = Place::new();
    place.build(&[]).code(0);
    let sources = place.workplace.path().join("cache/sources/tool.git");
    let mut keys = fs::read_dir(sources.join("refs/kmembuild")).expect("references");
    let key = keys.next().expect("a place").expect("an entry").path();
    let lock = key.join("commits").join(format!("{}.lock", place.commit));
    fs::write(&lock, "").expect("written");
    place.build(&["--refresh", "--no-cache"]).code(0);
    assert!(!lock.exists());
}
