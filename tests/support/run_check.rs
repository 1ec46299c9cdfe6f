//! What `verify --run` found.

use serde_json::Value;

use super::command::Finished;

/// Asserts what running the program came to, and that the evidence for it holds a text.
#[track_caller]
pub fn assert_run(finished: &Finished, found: &str, evidence: &str) {
    let document: Value = serde_json::from_str(&finished.stdout).expect("one JSON document");
    let checks = document["files"][0]["checks"].as_array().expect("checks");
    let check = checks.iter().find(|check| check["name"] == "run");
    let check = check.expect("a check by running it");
    let text = check["found"].as_str().expect("a text");
    assert!(text.starts_with(found), "{check}");
    let lines = check["evidence"].as_array().expect("lines");
    let has = |line: &Value| line.as_str().is_some_and(|line| line.contains(evidence));
    assert!(lines.iter().any(has), "{check}");
}
