//! The answers, and what is told of what is not well.

use kmembuild::host::doctor::{Half, LeakAnswer, Level, Line, Verdict};
use kmembuild::host::node::{Judgement, NodeState};
use kmembuild::report::{doctor_problems, doctor_table, doctor_verdict};

use crate::support::golden::assert_golden;

fn unresolved(check: &'static str, host: &str, stops: &[&str]) -> Line {
    let found =
        format!("could not resolve the name {host}: failed to lookup address information, 4 ms");
    let remedy = format!("not available anywhere: use another one than {host}");
    Line::new(Half::Build, check, Level::Fail, found)
        .of(host)
        .remedy(remedy)
        .stops(stops.iter().copied())
}

/// A node of a closed network, with a kernel that does not leak.
fn closed() -> Vec<Line> {
    vec![
        Line::new(Half::Build, "engine", Level::Ok, "Docker Engine 20.10"),
        unresolved("source", "github.com", &["runc"]),
        unresolved("source", "gitee.com", &["runc"]),
        unresolved("registry", "docker.io", &["runc", "kubelet"]),
        unresolved("registry", "mirror.gcr.io", &["runc"]),
        Line::new(Half::Build, "clock", Level::Warn, "not checked").remedy("compare it"),
        Line::new(
            Half::Leak,
            "kernel",
            Level::Ok,
            "6.18: does not leak memory cgroups; from 4.6 on, the kernel itself accounts",
        ),
    ]
}

/// A node that was judged so.
fn node(state: NodeState, why: &str) -> Judgement {
    Judgement {
        state,
        why: vec![why.to_owned()],
        advice: Vec::new(),
        next: None,
        lines: Vec::new(),
        room: Level::Ok,
    }
}

fn recipes() -> Vec<String> {
    ["kubelet", "runc", "runc-debian"].map(str::to_owned).into()
}

#[test]
fn each_recipe_has_its_answer_and_what_it_lacks() {
    let node = node(
        NodeState::NotAffected,
        "this kernel does not leak (kernel 6.18)",
    );
    let verdict = Verdict::of(&closed(), &recipes(), None, Some(&node));
    let lacks: Vec<_> = verdict
        .builds
        .iter()
        .map(|one| (one.recipe.as_str(), one.lacks.clone()))
        .collect();
    assert_eq!(
        lacks,
        [
            ("kubelet", vec!["registry"]),
            ("runc", vec!["source", "registry"]),
            ("runc-debian", vec![]),
        ]
    );
    assert_eq!(
        doctor_verdict(&verdict).to_string(),
        "Can it build? runc-debian yes; kubelet no (registry); runc no (source, registry)\n\
         Does it leak? no: this kernel does not leak (kernel 6.18)\n"
    );
}

#[test]
fn what_has_one_cause_is_told_once_and_what_is_well_is_not_told() {
    assert_eq!(
        doctor_problems(&closed(), 120).to_string(),
        "\
FAIL  source (2), registry (2): could not resolve the name: github.com, gitee.com, docker.io and 1 more
      -> a closed network, or a proxy that is not set? docs/mirrors.md tells how to build in one; `--all` tells what to
         do about each
warn  clock: not checked
      -> compare it
"
    );
    let well: Vec<_> = closed()
        .into_iter()
        .filter(|line| line.level == Level::Ok)
        .collect();
    assert!(doctor_problems(&well, 120).is_empty());
    // Two causes are not one.
    let mut lines = closed();
    lines[1].found = "answers 503: server error".to_owned();
    let text = doctor_problems(&lines, 120).to_string();
    assert!(
        text.contains("FAIL  source github.com: answers 503: server error\n"),
        "{text}"
    );
}

#[test]
fn the_screens_of_a_closed_network() {
    let node = node(
        NodeState::NotAffected,
        "this kernel does not leak (kernel 6.18)",
    );
    let verdict = Verdict::of(&closed(), &recipes(), None, Some(&node));
    let answers = doctor_verdict(&verdict);
    let mut text = String::new();
    for width in [80, 120] {
        let problems = doctor_problems(&closed(), width);
        let all = doctor_table(&closed(), width);
        text += &format!("-- {width} columns\n{problems}{answers}\n");
        text += &format!("-- {width} columns, all\n{all}{answers}\n");
    }
    assert_golden("doctor", "closed-network", &text);
}

#[test]
fn what_fails_for_no_recipe_in_particular_fails_for_all() {
    let engine = Line::new(
        Half::Build,
        "engine",
        Level::Fail,
        "no container engine answers",
    );
    let verdict = Verdict::of(&[engine], &recipes(), Some(Half::Build), None);
    assert!(verdict.builds.iter().all(|one| one.lacks == ["engine"]));
    assert_eq!(verdict.leaks, None);
}

#[test]
fn a_leak_is_answered_as_the_node_is() {
    for (state, answer, word) in [
        (NodeState::Leaks, LeakAnswer::Yes, "yes"),
        (NodeState::RebootNeeded, LeakAnswer::Yes, "yes"),
        (NodeState::Unknown, LeakAnswer::Perhaps, "perhaps"),
        (NodeState::Cured, LeakAnswer::No, "no"),
        (NodeState::NotAffected, LeakAnswer::No, "no"),
    ] {
        let node = node(state, "for this reason");
        let verdict = Verdict::of(&[], &recipes(), Some(Half::Leak), Some(&node));
        assert!(verdict.builds.is_empty());
        assert_eq!(
            doctor_verdict(&verdict).to_string(),
            format!("Does it leak? {word}: for this reason\n")
        );
        assert_eq!(verdict.leaks.expect("asked").answer, answer);
    }
}
