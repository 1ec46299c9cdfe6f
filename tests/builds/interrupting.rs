//! Ctrl-C, and runs that are killed.

use std::io::{BufRead, BufReader};
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::build_place::BuildPlace;
use crate::support::command::finish;
use crate::support::debian_image::debian_image;

/// Reads standard error until the step runs.
fn wait_for_step(run: &mut Child) -> BufReader<std::process::ChildStderr> {
    let mut lines = BufReader::new(run.stderr.take().expect("standard error is piped"));
    let mut line = String::new();
    while !line.starts_with("step script") {
        line.clear();
        let read = lines.read_line(&mut line).expect("standard error");
        assert!(read > 0, "the run ended before its step began");
    }
    lines
}

#[test]
fn an_interrupted_run_ends_soon_and_leaves_the_earlier_result_alone() {
    debian_image();
    let build = BuildPlace::steps(
        "interrupted",
        "test ! -e /src/.wait; cp /bin/true out",
        "out",
    );
    build.build("v1.0.0-rc10", &[]).code(0);
    let before = std::fs::read(build.result("v1.0.0-rc10").join("manifest.json"));
    let recipe = format!("recipes/{}.yaml", build.recipe);
    let text = std::fs::read_to_string(build.place.path().join(&recipe)).expect("the recipe");
    build
        .place
        .write(&recipe, &text.replace("test ! -e /src/.wait", "sleep 300"));

    let mut run = build.start("v1.0.0-rc10", &[]);
    let mut stderr = wait_for_step(&mut run);
    assert_eq!(build.containers().len(), 1);
    let begin = Instant::now();
    kill_process(Pid::from_child(&run), Signal::INT).expect("the signal is sent");
    let ended = finish(run);
    let mut said = String::new();
    std::io::Read::read_to_string(&mut stderr, &mut said).expect("standard error");
    assert_eq!(ended.code, Some(130), "{said}");
    assert!(said.contains("nothing was published"), "{said}");
    assert!(begin.elapsed() < Duration::from_secs(30));
    let after = std::fs::read(build.result("v1.0.0-rc10").join("manifest.json"));
    assert_eq!(
        after.expect("the earlier result"),
        before.expect("a result")
    );
    build.assert_nothing_is_left();
}

#[test]
fn what_a_killed_run_left_is_removed_by_the_next() {
    debian_image();
    let build = BuildPlace::steps("killed", "sleep 3; cp /bin/true out", "out");
    let mut run = build.start("v1.0.0-rc10", &[]);
    let _stderr = wait_for_step(&mut run);
    kill_process(Pid::from_child(&run), Signal::KILL).expect("the signal is sent");
    assert_eq!(finish(run).code, None);
    assert_eq!(build.containers().len(), 1);
    build.build("v1.0.0-rc10", &[]).code(0);
    build.assert_nothing_is_left();
}
