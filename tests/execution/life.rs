//! The life of a session: whatever happens, it is closed.

use std::fs;
use std::time::Duration;

use kmembuild::engine::{
    Cache, ExitCause, GuestPath, LABEL_LIFETIME, LABEL_RECIPE, LABEL_RUN, Limits, Network,
    Privileges, Workdir,
};
use kmembuild::execute::{ExecuteError, Sweep, sweep};
use serde_json::json;

use super::place::{Place, SUCCESS, engine_that, engine_with_make, plan};
use crate::support::memory_engine::Reaction;

#[tokio::test]
async fn a_build_takes_its_outputs_and_leaves_nothing() {
    let place = Place::new(engine_with_make(SUCCESS));
    let plan = plan(|plan| {
        plan["build"]["limits"] =
            json!({"memory": 1 << 30, "nano-cpus": 1_500_000_000, "timeout-seconds": 600});
    });
    let run = place.begin();
    let built = place.build_in(&plan, &run).await.unwrap();
    let (file, _) = &built.files[0];
    assert_eq!((file.name.as_str(), file.size), ("tool", 9));
    let taken = fs::read(place.staging(&run).join("tool")).unwrap();
    assert_eq!(taken, b"a program");
    assert_eq!(built.steps[0].name, "compile");
    assert!(place.recorder.lines().contains(&"compiling".to_owned()));
    place.nothing_is_left();

    let spec = place.engine.state().opened.remove(0);
    assert_eq!(spec.image, "image-toolchain");
    assert_eq!(spec.name, format!("kmembuild-tool-{}", run.id()));
    // The source is what the image holds there.
    assert_eq!(spec.workdir, Workdir::OfImage(GuestPath::new("/src")));
    assert_eq!(spec.network, Network::None);
    assert_eq!(spec.privileges, Privileges::default());
    let limits = Limits {
        memory: Some(1 << 30),
        nano_cpus: Some(1_500_000_000),
    };
    assert_eq!(spec.limits, limits);
    let cache = Cache {
        key: "kmembuild-tool-objects-image-toolch".to_owned(),
        path: GuestPath::new("/cache"),
    };
    assert_eq!(spec.caches, [cache]);
    assert_eq!(spec.labels[LABEL_RUN], run.id());
    assert_eq!(spec.labels[LABEL_RECIPE], "tool");
    assert_eq!(spec.labels[LABEL_LIFETIME], "1200");
    // Ten minutes of the plan, and time for taking the outputs out.
    assert!(spec.lifetime > Duration::from_mins(10), "{spec:?}");
}

#[tokio::test]
async fn a_failing_step_is_told_with_its_last_lines() {
    let failing = Reaction::Exits(2, ExitCause::Ended, "make: *** [tool] Error 2");
    let place = Place::new(engine_with_make(failing));
    let error = place.build(&plan(|_| ())).await.unwrap_err();
    let ExecuteError::StepFailed {
        exit_code: 2,
        last_lines,
        kept: None,
        ..
    } = &error
    else {
        panic!("{error:?}");
    };
    assert_eq!(*last_lines, ["make: *** [tool] Error 2"]);
    place.nothing_is_left();
}

#[tokio::test]
async fn a_session_is_kept_on_request_and_then_removed_on_request() {
    let failing = Reaction::Exits(2, ExitCause::Ended, "");
    let mut place = Place::new(engine_with_make(failing));
    place.keep = true;
    let run = place.begin();
    let error = place.build_in(&plan(|_| ()), &run).await.unwrap_err();
    let sessions = place.engine.sessions();
    assert_eq!(sessions.len(), 1);
    let entrance = format!("enter {}", sessions[0]);
    assert_eq!(error.kept_container(), Some(entrance.as_str()));
    run.end_and_keep();
    let runs = place.path("runs");
    let swept = sweep(&place.engine, &runs, Sweep::DEAD_RUNS).await.unwrap();
    assert_eq!(swept.removed, []);
    let kept = Sweep {
        kept: true,
        ..Sweep::DEAD_RUNS
    };
    let swept = sweep(&place.engine, &runs, kept).await.unwrap();
    assert_eq!(swept.removed.len(), 1);
    place.nothing_is_left();
}

#[tokio::test]
async fn lack_of_memory_is_an_error_unless_the_step_gets_over_it() {
    let killed = Reaction::Exits(137, ExitCause::OutOfMemory, "cc1: killed");
    let place = Place::new(engine_with_make(killed));
    let limited = plan(|plan| plan["build"]["limits"]["memory"] = json!(64 << 20));
    let error = place.build(&limited).await.unwrap_err();
    let limit = Some(64 << 20);
    assert!(
        matches!(&error, ExecuteError::OutOfMemory { limit: found, .. } if *found == limit),
        "{error:?}"
    );
    place.nothing_is_left();

    let survived = Reaction::Exits(0, ExitCause::OutOfMemory, "");
    let place = Place::new(engine_with_make(survived));
    place.build(&plan(|_| ())).await.unwrap();
    let warnings = place.warnings();
    assert!(warnings[0].contains("step compile"), "{warnings:?}");
    place.nothing_is_left();
}

#[tokio::test]
async fn time_that_is_up_ends_a_step() {
    // By the plan's own limit, by the engine's on the session, and by an engine that needs its room.
    let place = Place::new(engine_with_make(Reaction::Never));
    let at_once = plan(|plan| plan["build"]["limits"]["timeout-seconds"] = json!(0));
    let error = place.build(&at_once).await.unwrap_err();
    assert!(matches!(error, ExecuteError::TimedOut { .. }), "{error:?}");
    place.nothing_is_left();

    let over = Reaction::Exits(137, ExitCause::TimedOut, "");
    let place = Place::new(engine_with_make(over));
    let error = place.build(&plan(|_| ())).await.unwrap_err();
    assert!(matches!(error, ExecuteError::TimedOut { .. }), "{error:?}");
    place.nothing_is_left();

    let evicted = Reaction::Exits(137, ExitCause::Evicted, "half way");
    let mut place = Place::new(engine_with_make(evicted));
    // There is nothing to keep.
    place.keep = true;
    let error = place.build(&plan(|_| ())).await.unwrap_err();
    let ExecuteError::Evicted { step, last_lines } = &error else {
        panic!("{error:?}");
    };
    assert_eq!((step.as_str(), last_lines.len()), ("compile", 1));
    place.nothing_is_left();
}

#[tokio::test]
async fn a_stopped_run_closes_its_session() {
    let cancel = tokio_util::sync::CancellationToken::new();
    let user = cancel.clone();
    let engine = engine_that(move |_, _| {
        user.cancel();
        Reaction::Never
    });
    let mut place = Place::new(engine);
    place.cancel = cancel;
    let error = place.build(&plan(|_| ())).await.unwrap_err();
    assert!(matches!(error, ExecuteError::Interrupted), "{error:?}");
    place.nothing_is_left();
}

#[tokio::test]
async fn an_output_that_is_missing_is_named() {
    let engine = engine_that(|_, files| {
        files.clear();
        SUCCESS
    });
    let place = Place::new(engine);
    let error = place.build(&plan(|_| ())).await.unwrap_err();
    assert!(
        matches!(&error, ExecuteError::OutputMissing { path } if path == "/src/tool"),
        "{error:?}"
    );
    place.nothing_is_left();
}
