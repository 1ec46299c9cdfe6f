//! Where the output goes: closed pipes are the reader's choice, a full disk is a failure.

use std::fs::OpenOptions;
use std::io::pipe;
use std::process::Stdio;

use crate::support::command::{Finished, Workplace};

/// The writing end of a pipe whose reading end is closed already.
fn closed() -> Stdio {
    let (reader, writer) = pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

fn full() -> Stdio {
    let device = OpenOptions::new().write(true).open("/dev/full");
    device.expect("a device that is always full").into()
}

fn run(arguments: &[&str], stdout: Stdio, stderr: Stdio) -> Finished {
    let workplace = Workplace::new();
    let mut command = workplace.command(arguments);
    let child = command.stdout(stdout).stderr(stderr).spawn();
    let output = child.expect("the command starts").wait_with_output();
    output.expect("the command ends").into()
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    for arguments in [
        &["recipes", "show", "runc"][..],
        &["recipes", "list", "--format", "json"],
        &["--help"],
    ] {
        let finished = run(arguments, closed(), Stdio::piped()).code(0);
        assert_eq!(finished.stderr, "", "{arguments:?}");
    }
}

#[test]
fn a_closed_standard_error_does_not_change_the_exit_code() {
    run(&["recipes", "show", "nothing"], Stdio::piped(), closed()).code(2);
    run(&["recipes", "check", "nothing"], Stdio::piped(), full()).code(10);
}

#[test]
fn a_result_that_cannot_be_stored_is_a_failure() {
    for arguments in [
        &["recipes", "show", "runc"][..],
        &["recipes", "list"],
        &["--help"],
    ] {
        run(arguments, full(), Stdio::piped())
            .code(15)
            .says("error: could not write to standard output: No space left on device");
    }
}

#[test]
fn a_pipe_gets_no_colours() {
    let workplace = Workplace::new();
    for arguments in [
        &["--help"][..],
        &["runc", "--help"],
        &["recipes", "list"],
        &["--frob"],
    ] {
        let finished = workplace.run(arguments);
        let both = finished.stdout + &finished.stderr;
        assert!(!both.contains('\u{1b}'), "{both:?}");
    }
}

#[test]
fn results_go_to_standard_output_and_all_else_to_standard_error() {
    let workplace = Workplace::new();
    let result = workplace.run(&["recipes", "show", "runc"]).code(0);
    assert_eq!(result.stderr, "");
    let failure = workplace.run(&["recipes", "show", "nothing"]).code(2);
    assert_eq!(failure.stdout, "");
}
