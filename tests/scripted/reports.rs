//! What is said, where, and how much of it.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::place::{Place, script_with_make};
use crate::support::command::Finished;
use crate::support::scripted_engine::{Ending, Step};

/// The documents of standard output, each of which is a line and of format 1.
fn documents(finished: &Finished) -> Vec<Value> {
    let lines = finished.stdout.lines();
    let documents: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    for document in &documents {
        assert_eq!(document["format"], 1, "{document}");
        assert!(document["data"]["event"].is_string(), "{document}");
    }
    documents
}

#[test]
fn json_ends_with_the_published_manifest() {
    let place = Place::new();
    let finished = place.build(&["--format", "json"]).code(0);
    assert_eq!(finished.stderr, "");
    let documents = documents(&finished);
    let count = |event: &str| {
        let of = |document: &&Value| document["data"]["event"] == event;
        documents.iter().filter(of).count()
    };
    assert_eq!((count("step-started"), count("step-finished")), (2, 2));
    assert_eq!(count("output"), 4);
    assert_eq!(count("published"), 1);
    let last = &documents.last().unwrap()["data"];
    assert_eq!(last["event"], "published");
    assert_eq!(last["manifest"]["version"], "v1.0.0");
    let folder = last["folder"].as_str().unwrap();
    assert_eq!(Path::new(folder), place.result().canonicalize().unwrap());
}

#[test]
fn json_ends_with_the_failure_and_its_exit_code() {
    let place = Place::with(script_with_make(Step::ends(Ending::Exit(2))));
    let finished = place.build(&["--format", "json"]).code(14);
    let last = documents(&finished).pop().unwrap();
    let last = &last["data"];
    assert_eq!(last["event"], "failed");
    assert_eq!(last["exit-code"], 14);
    let message = last["message"].as_str().unwrap();
    assert!(
        message.starts_with("step compile failed with exit code 2"),
        "{message}"
    );
    assert!(!last["hints"].as_array().unwrap().is_empty());
    // Failures before a plan is there are told the same way.
    let finished = place
        .run(&[
            "tool",
            "--tag",
            "v2.0.0",
            "--source",
            "upstream",
            "--unpinned",
            "--format",
            "json",
        ])
        .code(11);
    assert_eq!(documents(&finished).pop().unwrap()["data"]["exit-code"], 11);
}

#[test]
fn json_of_a_failed_check_holds_documents_only() {
    let place = Place::new();
    place
        .engine
        .change(|script| drop(script.files.insert("/src/tool".to_owned(), vec![0; 9])));
    let finished = place.build(&["--format", "json"]).code(16);
    assert_eq!(documents(&finished).pop().unwrap()["data"]["exit-code"], 16);
}

#[test]
fn quiet_says_warnings_and_the_result_only() {
    let place = Place::new();
    let finished = place.build(&["-q"]).code(0);
    assert_eq!(finished.stderr, "");
    let normal = place.build(&[]).code(0);
    let result = fs::canonicalize(place.result()).unwrap();
    assert_eq!(finished.stdout, format!("{}\n", result.display()));
    assert!(normal.stdout.contains(finished.stdout.trim_end()));
    let warned = place.build(&["-q", "--memory", "512MiB"]).code(0);
    let lines: Vec<_> = warned.stderr.lines().collect();
    assert!(
        matches!(lines.as_slice(), [only] if only.starts_with("warning: ")),
        "{lines:?}"
    );
}

#[test]
fn normal_names_stages_and_steps_and_verbose_shows_their_output() {
    let place = Place::new();
    let normal = place
        .build(&[])
        .code(0)
        .says("step compile 2/2: make tool\n")
        .says("step compile: done in ")
        .says(&format!("v1.0.0 is {} from ", place.commit));
    assert!(!normal.stderr.contains("linking"), "{}", normal.stderr);
    let verbose = place.build(&["-v"]).code(0).says("compiling\nlinking\n");
    assert!(!verbose.stdout.contains("linking"));
    assert!(verbose.stderr.contains("a warning of the compiler\n"));
}
