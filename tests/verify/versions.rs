//! What a program prints about its version, held against what is expected.

use std::path::Path;

use kmembuild::verify::{
    CheckName, Expectations, Outcome, VersionExpectation, VersionRun, inspect, judge,
};

/// The outcome of the check of a run that should print `text`.
fn outcome(run: Option<&VersionRun>, text: &str) -> Outcome {
    let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    let expectations = Expectations {
        version: Some(VersionExpectation {
            arguments: vec!["--version".to_owned()],
            contains: vec![text.to_owned()],
        }),
        ..Expectations::default()
    };
    let checks = judge(&inspect(file).unwrap(), run, &expectations);
    let check = checks.iter().find(|check| check.name == CheckName::Version);
    check.expect("it is asked for").outcome
}

fn ran(output: &str, exit_code: Option<i32>) -> VersionRun {
    let output = output.to_owned();
    VersionRun::Ran { output, exit_code }
}

fn prints(output: &str, text: &str) -> bool {
    outcome(Some(&ran(output, Some(0))), text) == Outcome::Passed
}

#[test]
fn versions_are_taken_as_whole_words() {
    let output = "runc version 1.0.0-rc93\ncommit: 12644e6\nspec: 1.0.2-dev.\n";
    for text in [
        "1.0.0-rc93",
        "runc version 1.0.0-rc93",
        "commit: ",
        "12644e6",
        "1.0.2-dev",
    ] {
        assert!(prints(output, text), "{text}");
    }
    for text in [
        "1.0.0-rc9",
        "1.0.0",
        "runc version 1.0.0",
        "0.0-rc93",
        "12644e",
        "2.0",
    ] {
        assert!(!prints(output, text), "{text}");
    }
    assert!(prints("Kubernetes v1.15.5\n", "1.15.5"));
    assert!(prints("1.0.0-rc9, then 1.0.0", "1.0.0"));
    assert!(!prints("Kubernetes v1.15.5-dirty\n", "v1.15.5"));
}

#[test]
fn what_came_of_the_run_is_judged() {
    let judged = |run: VersionRun| outcome(Some(&run), "1.2");
    assert_eq!(judged(ran("v1.2\n", Some(0))), Outcome::Passed);
    assert_eq!(judged(ran("v1.3\n", Some(0))), Outcome::Failed);
    assert_eq!(judged(ran("v1.2\n", Some(1))), Outcome::Failed);
    assert_eq!(judged(ran("v1.2\n", None)), Outcome::Failed);
    let timed_out = VersionRun::TimedOut {
        output: "v1.2\n".to_owned(),
        limit_milliseconds: 5000,
    };
    assert_eq!(judged(timed_out), Outcome::Failed);
    let not_run = VersionRun::NotRun {
        reason: "built for arm64, but this host is amd64".to_owned(),
    };
    assert_eq!(judged(not_run), Outcome::NotRun);
    assert_eq!(outcome(None, "1.2"), Outcome::NotRun);
}
