//! What a run leaves that could not clean up, and who removes it.

use kmembuild::engine::LeftoverKind;
use kmembuild::execute::{ExecuteError, Sweep, sweep};

use super::place::{Place, SUCCESS, engine_with_make, plan};
use crate::support::memory_engine::Reaction;

#[tokio::test]
async fn a_session_that_could_not_be_removed_is_removed_by_the_next_sweep() {
    let place = Place::new(engine_with_make(SUCCESS));
    place.engine.state().stuck = true;
    let run = place.begin();
    place.build_in(&plan(|_| ()), &run).await.unwrap();
    let left = place.engine.sessions();
    assert_eq!(left.len(), 1);
    let warnings = place.warnings();
    assert!(warnings[0].contains("it is stuck"), "{warnings:?}");

    // Not while the run lives, whoever sweeps.
    place.engine.state().stuck = false;
    let runs = place.path("runs");
    let everything = Sweep {
        kept: true,
        foreign: true,
        volumes: true,
        images: true,
        ..Sweep::DEAD_RUNS
    };
    let swept = sweep(&place.engine, &runs, everything).await.unwrap();
    assert_eq!(swept.removed, []);
    drop(run);

    // The first removes the session and no cache; the second the caches.
    let swept = sweep(&place.engine, &runs, Sweep::DEAD_RUNS).await.unwrap();
    let removed: Vec<_> = swept.removed.iter().map(|thing| &thing.name).collect();
    assert_eq!(removed, [&left[0]]);
    assert!(!runs.join(format!("{}.run", run_of(&left[0]))).exists());
    let swept = sweep(&place.engine, &runs, everything).await.unwrap();
    let kinds: Vec<_> = swept.removed.iter().map(|thing| thing.kind).collect();
    assert_eq!(kinds, [LeftoverKind::Volume]);
    assert!(place.engine.state().leftovers.is_empty());
}

#[tokio::test]
async fn what_cannot_be_removed_does_not_keep_the_rest() {
    let place = Place::new(engine_with_make(SUCCESS));
    place.engine.state().stuck = true;
    place.build(&plan(|_| ())).await.unwrap();
    let runs = place.path("runs");
    let swept = sweep(&place.engine, &runs, Sweep::DEAD_RUNS).await.unwrap();
    assert_eq!((swept.removed.len(), swept.failed.len()), (0, 1));
    // It is known for the next time.
    place.engine.state().stuck = false;
    let swept = sweep(&place.engine, &runs, Sweep::DEAD_RUNS).await.unwrap();
    assert_eq!(swept.removed.len(), 1);
}

#[tokio::test]
async fn an_engine_that_goes_away_is_told_and_its_session_is_closed_if_it_can_be() {
    let place = Place::new(engine_with_make(Reaction::EngineGoes));
    let error = place.build(&plan(|_| ())).await.unwrap_err();
    assert!(
        matches!(&error, ExecuteError::Engine { stage: "build", .. }),
        "{error:?}"
    );
    place.nothing_is_left();
}

fn run_of(session: &str) -> &str {
    session.rsplit('-').next().unwrap_or_default()
}
