//! Runs that are stopped from outside.

use std::os::unix::net::UnixListener;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use super::place::{Place, good_script, script_with_make};
use crate::support::command::Workplace;
use crate::support::running::Running;
use crate::support::scripted_engine::{Ending, Pull, Script, Step};

/// What removes a container.
const REMOVAL: &str = "DELETE /containers/";
/// What a run says that ends in order.
const IN_ORDER: &str = "error: interrupted; nothing was published";

fn endless() -> Script {
    script_with_make(Step::says(&["compiling"], Ending::Never))
}

#[test]
fn a_signal_in_mid_step_removes_the_container_and_publishes_nothing() {
    let place = Place::new();
    place.publish_first();
    place.engine.change(|script| *script = endless());
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let run = in_step(&place);
        run.send(signal);
        let finished = run.finish().code(130);
        let finished = finished.says("stopping; press Ctrl-C again to exit immediately");
        let finished = finished.says(&format!("{IN_ORDER}, and an earlier result is untouched"));
        assert_eq!(finished.stdout, "");
        assert!(!place.failed().exists());
        place.first_is_untouched();
        place.nothing_is_left();
    }
}

#[test]
fn a_signal_during_a_first_build_leaves_no_folder() {
    let place = Place::with(endless());
    let run = in_step(&place);
    run.send(Signal::INT);
    run.finish().code(130);
    assert!(!place.workplace.path().join("dist").exists());
    place.nothing_is_left();
}

#[test]
fn a_signal_stops_a_pull() {
    let place = Place::with(Script {
        images: Vec::new(),
        pulls: [("toolchain:1".to_owned(), Pull::Stalls)].into(),
        ..good_script()
    });
    let mut run = place.start_build(&[]);
    run.until(|| place.engine.was_asked("/images/create"));
    run.send(Signal::TERM);
    run.finish().code(130);
    place.nothing_is_left();
}

#[test]
fn a_second_signal_does_not_wait_for_the_engine() {
    let place = Place::with(Script {
        unanswered: Some(REMOVAL),
        ..endless()
    });
    let mut run = in_step(&place);
    run.send(Signal::INT);
    run.until(|| place.engine.was_asked(REMOVAL));
    while !run.has_ended() {
        // Later than a second signal for the same wish would come.
        thread::sleep(Duration::from_millis(500));
        run.send(Signal::INT);
    }
    let finished = run.finish().code(130);
    assert!(!finished.stderr.contains(IN_ORDER), "{finished:?}");
    assert_eq!(place.engine.containers_left().len(), 1);
}

#[test]
fn signals_at_once_are_one_wish_to_stop() {
    let place = Place::with(Script {
        unanswered: Some(REMOVAL),
        ..endless()
    });
    let mut run = in_step(&place);
    // As `timeout` does it: to the process, and to its group. One that is stopped gets both in the same moment.
    for signal in [Signal::STOP, Signal::TERM, Signal::INT, Signal::CONT] {
        run.send(signal);
    }
    run.until(|| place.engine.was_asked(REMOVAL));
    place.engine.change(|script| script.unanswered = None);
    run.finish().code(130).says(IN_ORDER);
    place.nothing_is_left();
}

#[test]
fn a_slow_sweep_can_be_stopped() {
    let place = Place::with(endless());
    kill_in_mid_step(&place);
    place
        .engine
        .change(|script| script.unanswered = Some(REMOVAL));
    let mut run = place.start_build(&[]);
    run.until(|| place.engine.was_asked(REMOVAL));
    run.send(Signal::INT);
    run.finish().code(130).says(IN_ORDER);
    assert_eq!(place.engine.containers_left().len(), 1);
}

#[test]
fn a_signal_while_the_container_is_created_leaves_none() {
    const CREATION: &str = "POST /containers/create";
    let place = Place::with(Script {
        unanswered: Some(CREATION),
        ..endless()
    });
    let mut run = place.start_build(&["--format", "json"]);
    run.until(|| place.engine.was_asked(CREATION));
    run.send(Signal::INT);
    run.until_says("stopping; ");
    place.engine.change(|script| script.unanswered = None);
    let finished = run.finish().code(130);
    let last = finished.stdout.lines().last().expect("a last line");
    assert!(
        last.contains(r#""event":"failed","exit-code":130"#),
        "{last}"
    );
    place.nothing_is_left();
}

#[test]
fn a_signal_ends_the_waiting_for_a_silent_engine() {
    let workplace = Workplace::new();
    let socket = workplace.path().join("silent.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let run = workplace.start(&["clean", "--host", &format!("unix://{}", socket.display())]);
    let _silent = listener.accept().unwrap();
    run.send(Signal::INT);
    run.finish().code(130);
}

/// A build in its step `make`.
pub fn in_step(place: &Place) -> Running {
    let mut run = place.start_build(&[]);
    run.until(|| place.engine.is_running("make"));
    run
}

/// Starts a build and kills it without mercy.
pub fn kill_in_mid_step(place: &Place) {
    in_step(place).kill();
}
