//! However a build ends, nothing of it goes on, and nothing is left.

use rustix::process::Signal;

use super::place::Place;
use crate::support::processes::lives;

/// A step that does what it can to outlive its build; its processes carry the mark.
fn stubborn(mark: &str) -> Place {
    Place::new(&format!(
        "trap '' INT TERM HUP; setsid sh -c 'trap \"\" INT TERM HUP; setsid sleep {mark} & sleep {mark} & wait' & echo star''ted; sleep {mark}; sleep {mark}"
    ))
}

fn mark(number: u32) -> String {
    format!("8{:07}{number}", std::process::id())
}

#[test]
fn signals_stop_everything() {
    for (number, signal) in [Signal::INT, Signal::TERM, Signal::HUP]
        .into_iter()
        .enumerate()
    {
        let mark = mark(u32::try_from(number).unwrap());
        let place = stubborn(&mark);
        let run = place.start(&["-v"]);
        run.until_says("started");
        assert!(lives(&mark));
        run.send(signal);
        run.finish().code(130);
        assert!(!lives(&mark));
        place.nothing_is_left();
    }
}

#[test]
fn a_time_limit_stops_everything() {
    let mark = mark(7);
    let place = stubborn(&mark);
    place
        .build(&["--timeout", "1s"])
        .code(14)
        .says("time limit");
    assert!(!lives(&mark));
    place.nothing_is_left();
}

#[test]
fn a_killed_build_stops_too_and_the_next_one_cleans_up() {
    let mark = mark(8);
    let place = stubborn(&mark);
    let run = place.start(&["-v"]);
    run.until_says("started");
    run.send(Signal::KILL);
    assert_eq!(run.finish().code, None);
    // The supervisor notices by itself; nobody waits for it.
    while lives(&mark) {
        std::thread::yield_now();
    }
    assert!(place.path("work/deep/src/main.c").exists());
    place.build(&["--timeout", "1s"]).code(14);
    assert!(!lives(&mark));
    place.nothing_is_left();
}
