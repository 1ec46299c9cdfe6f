//! What a run leaves that could not clean up, and who removes it.

use kmembuild::engine::{
    Age, LABEL_LIFETIME, LABEL_REGISTERED_IN, LABEL_RUN, Leftover, LeftoverKind,
};
use kmembuild::execute::{ExecuteError, Run, Sweep, sweep};

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

/// A container that was created and never started, as a run leaves it that is killed at the wrong moment.
fn created(place: &Place, name: &str, labels: &[(&str, &str)], age: Option<Age>) {
    let labels = labels.iter();
    let thing = Leftover {
        kind: LeftoverKind::Container,
        id: name.to_owned(),
        name: name.to_owned(),
        labels: labels
            .map(|&(key, value)| (key.to_owned(), value.to_owned()))
            .collect(),
        running: false,
        age,
        size: None,
    };
    place
        .engine
        .state()
        .leftovers
        .insert(name.to_owned(), thing);
}

/// The end of a run that was killed: its registration is there, and nobody has it locked.
fn kill(run: Run) -> String {
    run.leaves_something();
    let id = run.id().to_owned();
    drop(run);
    id
}

fn registrations(place: &Place) -> Vec<String> {
    let entries = std::fs::read_dir(place.path("runs")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

#[tokio::test]
async fn all_containers_of_a_killed_run_are_removed_in_whatever_state() {
    let place = Place::new(engine_with_make(SUCCESS));
    let run = kill(place.begin());
    for name in ["build", "copy", "run-check"] {
        let labels = [(LABEL_RUN, run.as_str()), (LABEL_LIFETIME, "600")];
        created(&place, name, &labels, None);
    }
    let runs = place.path("runs");
    let swept = sweep(&place.engine, &runs, Sweep::DEAD_RUNS).await.unwrap();
    assert_eq!((swept.removed.len(), swept.of_others.len()), (3, 0));
    assert_eq!(registrations(&place), Vec::<String>::new());
}

#[tokio::test]
async fn a_dead_run_is_forgotten_when_nothing_of_it_is_left_on_its_engine() {
    let place = Place::new(engine_with_make(SUCCESS));
    let runs = place.path("runs");
    let live = place.begin();
    for _ in 0..5 {
        kill(place.begin());
    }
    let elsewhere = kill(Run::begin(&runs, "tcp://elsewhere.example:2375").unwrap());
    // Whose session somebody else has removed.
    place.begin().end_and_keep();
    assert_eq!(registrations(&place).len(), 8);
    sweep(&place.engine, &runs, Sweep::DEAD_RUNS).await.unwrap();
    let mut left = registrations(&place);
    left.sort();
    let mut expected = [format!("{}.run", live.id()), format!("{elsewhere}.run")];
    expected.sort();
    assert_eq!(left, expected);
}

#[tokio::test]
async fn a_dead_run_is_known_for_as_long_as_one_of_its_containers_stays() {
    let place = Place::new(engine_with_make(SUCCESS));
    let run = kill(place.begin());
    let labels = [(LABEL_RUN, run.as_str()), (LABEL_LIFETIME, "600")];
    created(&place, "stuck", &labels, None);
    place.engine.state().stuck = true;
    let runs = place.path("runs");
    sweep(&place.engine, &runs, Sweep::DEAD_RUNS).await.unwrap();
    assert_eq!(registrations(&place), [format!("{run}.run")]);
}

#[tokio::test]
async fn a_container_without_a_registration_is_known_by_where_its_run_was_registered() {
    let place = Place::new(engine_with_make(SUCCESS));
    let run = place.begin();
    let here = run.registered_in().expect("an identity").to_owned();
    drop(run);
    for (name, place_of) in [("ours", here.as_str()), ("others", "0123456789abcdef")] {
        let labels = [
            (LABEL_RUN, "aaaaaaaaaa"),
            (LABEL_LIFETIME, "600"),
            (LABEL_REGISTERED_IN, place_of),
        ];
        created(&place, name, &labels, None);
    }
    let runs = place.path("runs");
    let swept = sweep(&place.engine, &runs, Sweep::DEAD_RUNS).await.unwrap();
    assert_eq!(swept.removed[0].name, "ours");
    assert_eq!(swept.of_others[0].name, "others");
    assert_eq!(place.engine.sessions(), ["others"]);
    // A copy of the directory is another one.
    let copy = place.path("copy");
    let of_copy = Run::begin(&copy, "memory:").unwrap();
    assert_ne!(of_copy.registered_in(), Some(here.as_str()));
}

#[tokio::test]
async fn only_the_engines_clock_says_that_the_time_of_a_foreign_container_is_over() {
    let place = Place::new(engine_with_make(SUCCESS));
    let runs = place.path("runs");
    for (made, now, lifetime, is_over) in [
        (1000, 1601, "600", true),
        (1000, 1600, "600", false),
        // The engine's clock was set back.
        (2000, 1000, "600", false),
        (1000, u64::MAX, "18446744073709551615", false),
        (1000, 9999, "soon", false),
    ] {
        let labels = [(LABEL_RUN, "aaaaaaaaaa"), (LABEL_LIFETIME, lifetime)];
        created(&place, "foreign", &labels, Some(Age { made, now }));
        let swept = sweep(&place.engine, &runs, Sweep::DEAD_RUNS).await.unwrap();
        assert_eq!(swept.removed.len(), usize::from(is_over), "{made} {now}");
    }
    // An engine that does not tell the time.
    let labels = [(LABEL_RUN, "aaaaaaaaaa"), (LABEL_LIFETIME, "600")];
    created(&place, "foreign", &labels, None);
    let swept = sweep(&place.engine, &runs, Sweep::DEAD_RUNS).await.unwrap();
    assert_eq!((swept.removed.len(), swept.of_others.len()), (0, 1));
}

fn run_of(session: &str) -> &str {
    session.rsplit('-').next().unwrap_or_default()
}
