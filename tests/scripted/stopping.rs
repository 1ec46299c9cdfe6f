//! Runs that are stopped from outside.

use std::os::unix::net::UnixListener;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::place::{Place, good_script, script_with_make};
use crate::support::command::{Workplace, finish};
use crate::support::scripted_engine::{Ending, Pull, Script, Step};

fn send(signal: Signal, child: &Child) {
    kill_process(Pid::from_child(child), signal).expect("the process is there");
}

fn endless() -> Script {
    script_with_make(Step::says(&["compiling"], Ending::Never))
}

#[test]
fn a_signal_in_mid_step_removes_the_container_and_publishes_nothing() {
    let place = Place::new();
    place.publish_first();
    place.engine.change(|script| *script = endless());
    for signal in [Signal::INT, Signal::TERM] {
        let child = place.start_build(&[]);
        place.engine.wait_until_running("make");
        send(signal, &child);
        let finished = finish(child)
            .code(130)
            .says("stopping; press Ctrl-C again to exit immediately")
            .says("error: interrupted; nothing was published, and an earlier result is untouched");
        assert_eq!(finished.stdout, "");
        assert!(!place.failed().exists());
        place.first_is_untouched();
        place.nothing_is_left();
    }
}

#[test]
fn a_signal_during_a_first_build_leaves_no_folder() {
    let place = Place::with(endless());
    let child = place.start_build(&[]);
    place.engine.wait_until_running("make");
    send(Signal::INT, &child);
    finish(child).code(130);
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
    let child = place.start_build(&[]);
    place.engine.wait_until_asked("/images/create");
    send(Signal::TERM, &child);
    finish(child).code(130);
    place.nothing_is_left();
}

#[test]
fn a_second_signal_does_not_wait_for_the_engine() {
    let place = Place::with(Script {
        remove_pause: Duration::from_secs(4),
        ..endless()
    });
    let child = place.start_build(&[]);
    place.engine.wait_until_running("make");
    send(Signal::INT, &child);
    place.engine.wait_until_asked("DELETE /containers/");
    // Later than a second signal for the same wish would come.
    thread::sleep(Duration::from_millis(500));
    let begin = Instant::now();
    send(Signal::INT, &child);
    finish(child).code(130);
    assert!(
        begin.elapsed() < Duration::from_secs(2),
        "{:?}",
        begin.elapsed()
    );
}

#[test]
fn signals_at_once_are_one_wish_to_stop() {
    let place = Place::with(Script {
        remove_pause: Duration::from_millis(500),
        ..endless()
    });
    let child = place.start_build(&[]);
    place.engine.wait_until_running("make");
    // As `timeout` does it: to the process, and to its group.
    for _ in 0..2 {
        send(Signal::TERM, &child);
        thread::sleep(Duration::from_millis(2));
    }
    finish(child).code(130);
    place.nothing_is_left();
}

#[test]
fn a_slow_sweep_can_be_stopped() {
    let place = Place::with(endless());
    kill_in_mid_step(&place);
    place
        .engine
        .change(|script| script.remove_pause = Duration::from_secs(4));
    let child = place.start_build(&[]);
    place.engine.wait_until_asked("DELETE /containers/");
    let begin = Instant::now();
    send(Signal::INT, &child);
    finish(child).code(130);
    assert!(
        begin.elapsed() < Duration::from_secs(3),
        "{:?}",
        begin.elapsed()
    );
}

#[test]
fn a_signal_while_the_container_is_created_leaves_none() {
    let place = Place::with(Script {
        create_pause: Duration::from_millis(300),
        ..endless()
    });
    let child = place.start_build(&["--format", "json"]);
    place.engine.wait_until_asked("/containers/create");
    send(Signal::INT, &child);
    let finished = finish(child).code(130);
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
    let child = workplace.start(&["clean", "--host", &format!("unix://{}", socket.display())]);
    let _silent = listener.accept().unwrap();
    let begin = Instant::now();
    send(Signal::INT, &child);
    finish(child).code(130);
    assert!(begin.elapsed() < Duration::from_secs(10));
}

/// Starts a build and kills it without mercy.
pub fn kill_in_mid_step(place: &Place) {
    let mut child = place.start_build(&[]);
    place.engine.wait_until_running("make");
    child.kill().expect("killed");
    child.wait().expect("gone");
}
