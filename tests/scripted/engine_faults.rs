//! An engine that refuses, fills up or goes away.

use super::place::{Place, good_script, script_with_make};
use super::stopping::kill_in_mid_step;
use crate::support::scripted_engine::{Ending, Refusal, Script, Step};

fn full() -> Refusal {
    Refusal {
        status: 500,
        message: "mkdir /var/lib/x: no space left on device",
    }
}

#[test]
fn a_full_disk_is_told_wherever_it_is_met() {
    let upload = Script {
        upload: Some(full()),
        ..good_script()
    };
    let create = Script {
        create: Some(full()),
        ..good_script()
    };
    for (script, operation) in [(upload, "upload to /src"), (create, "create container")] {
        let place = Place::with(script);
        place
            .build(&[])
            .code(12)
            .says(&format!(
                "caused by: the engine's disk is full: could not {operation}"
            ))
            .says("hint: free space on the engine's disk");
        place.nothing_is_left();
    }
}

#[test]
fn a_container_that_cannot_be_created_or_started_is_an_engine_failure() {
    let refused = |status, message| Some(Refusal { status, message });
    let create = Script {
        create: refused(409, "the name is in use"),
        ..good_script()
    };
    let start = Script {
        start: refused(500, "no runtime"),
        ..good_script()
    };
    for (script, words) in [(create, "the name is in use"), (start, "no runtime")] {
        let place = Place::with(script);
        place
            .build(&[])
            .code(12)
            .says("error: the engine failed during the build stage\n")
            .says(&format!("caused by: {words}\n"));
        place.nothing_is_left();
    }
}

#[test]
fn an_engine_that_goes_away_leaves_a_container_that_the_next_run_removes() {
    let place = Place::new();
    place.publish_first();
    let gone = Step::says(&["half way"], Ending::EngineGoes);
    place
        .engine
        .change(|script| *script = script_with_make(gone));
    place
        .build(&[])
        .code(12)
        .says("caused by: lost the container engine or its container while trying to run step compile")
        .says("hint: check the engine's log; once the engine is back, `kmembuild clean` removes what was left behind");
    place.first_is_untouched();
    place.no_half_result();
    assert_eq!(place.engine.containers_left().len(), 1);
    place.engine.come_back();
    place
        .run(&["clean"])
        .code(0)
        .prints("removed container kmembuild-tool-");
    place.nothing_is_left();
}

#[test]
fn a_container_that_ends_in_mid_step_is_told_with_its_exit_code() {
    let place = Place::with(script_with_make(Step::ends(Ending::ContainerEnds(137))));
    place
        .build(&[])
        .code(12)
        .says("the container stopped with exit code 137");
    place.nothing_is_left();
}

#[test]
fn a_broken_connection_does_not_hide_the_commands_exit_code() {
    let place = Place::with(script_with_make(Step::ends(Ending::ConnectionBreaks(3))));
    place
        .build(&[])
        .code(14)
        .says("step compile failed with exit code 3");
    place.nothing_is_left();
    place
        .engine
        .change(|script| *script = script_with_make(Step::ends(Ending::ConnectionBreaks(0))));
    place.build(&[]).code(0);
}

#[test]
fn a_container_that_cannot_be_removed_is_told_and_removed_later() {
    let place = Place::new();
    let busy = Refusal {
        status: 500,
        message: "device or resource busy",
    };
    place.engine.change(|script| script.remove = Some(busy));
    place
        .build(&[])
        .code(0)
        .says("warning: could not remove container ")
        .says("; run `kmembuild clean` to remove it");
    assert_eq!(place.engine.containers_left().len(), 1);
    place.engine.change(|script| script.remove = None);
    place
        .run(&["clean"])
        .code(0)
        .prints("removed container kmembuild-tool-");
    place.nothing_is_left();
}

#[test]
fn a_container_that_could_not_be_started_nor_removed_is_removed_by_the_next_build() {
    let refused = |message| {
        Some(Refusal {
            status: 500,
            message,
        })
    };
    let place = Place::with(Script {
        start: refused("no runtime"),
        remove: refused("busy"),
        ..good_script()
    });
    place.build(&[]).code(12);
    assert_eq!(place.engine.containers_left().len(), 1);
    place.engine.change(|script| *script = good_script());
    place.build(&[]).code(0);
    place.nothing_is_left();
    assert_eq!(place.registrations(), Vec::<String>::new());
}

#[test]
fn a_leftover_that_cannot_be_removed_does_not_stop_the_next_build() {
    let place = Place::with(script_with_make(Step::ends(Ending::Never)));
    kill_in_mid_step(&place);
    let stuck = Refusal {
        status: 500,
        message: "device or resource busy",
    };
    place.engine.change(|script| {
        *script = good_script();
        script.remove = Some(stuck);
    });
    place
        .build(&[])
        .code(0)
        .says(", which an earlier run left on the engine: ")
        .says("device or resource busy");
    place
        .run(&["clean"])
        .code(12)
        .says(": device or resource busy");
    place.engine.change(|script| script.remove = None);
    place.run(&["clean"]).code(0);
    place.nothing_is_left();
}

#[test]
fn a_failed_step_stays_the_error_when_the_removal_fails_as_well() {
    let mut script = script_with_make(Step::ends(Ending::Exit(2)));
    script.remove = Some(Refusal {
        status: 500,
        message: "device or resource busy",
    });
    let place = Place::with(script);
    place
        .build(&[])
        .code(14)
        .says("warning: could not remove container ")
        .says("device or resource busy")
        .says("error: step compile failed with exit code 2");
    place.no_half_result();
}
