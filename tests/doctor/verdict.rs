//! The answers, and what is told of what is not well.

use kmembuild::host::doctor::{Half, Leak, Level, Line, Verdict};
use kmembuild::report::{doctor_problems, doctor_verdict};

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

fn recipes() -> Vec<String> {
    ["kubelet", "runc", "runc-debian"].map(str::to_owned).into()
}

#[test]
fn each_recipe_has_its_answer_and_what_it_lacks() {
    let verdict = Verdict::of(&closed(), &recipes(), None);
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
    assert_eq!(verdict.leaks, Some(Leak::No));
    assert_eq!(
        doctor_verdict(&verdict, &closed()),
        "Can it build? runc-debian yes; kubelet no (registry); runc no (source, registry)\n\
         Does it leak? no: kernel 6.18: does not leak memory cgroups\n"
    );
}

#[test]
fn what_has_one_cause_is_told_once_and_what_is_well_is_not_told() {
    assert_eq!(
        doctor_problems(&closed(), false),
        "\
FAIL  source (2), registry (2): could not resolve the name: github.com, gitee.com, docker.io and 1 more
      -> a closed network, or a proxy that is not set? docs/mirrors.md tells how to build in one; `--all` tells what
      to do about each
warn  clock: not checked
      -> compare it
"
    );
    let well: Vec<_> = closed()
        .into_iter()
        .filter(|line| line.level == Level::Ok)
        .collect();
    assert_eq!(doctor_problems(&well, false), "");
    // Two causes are not one.
    let mut lines = closed();
    lines[1].found = "answers 503: server error".to_owned();
    let text = doctor_problems(&lines, false);
    assert!(
        text.contains("FAIL  source github.com: answers 503: server error\n"),
        "{text}"
    );
}

#[test]
fn what_fails_for_no_recipe_in_particular_fails_for_all() {
    let engine = Line::new(
        Half::Build,
        "engine",
        Level::Fail,
        "no container engine answers",
    );
    let verdict = Verdict::of(&[engine], &recipes(), Some(Half::Build));
    assert!(verdict.builds.iter().all(|one| one.lacks == ["engine"]));
    assert_eq!(verdict.leaks, None);
}

#[test]
fn a_leak_is_answered_with_what_shows_it() {
    let on = Line::new(
        Half::Leak,
        "runc",
        Level::Fail,
        "runc 1.0.0-rc8 turns accounting on; replace it",
    );
    let lines = [on.of("/usr/bin/runc")];
    let verdict = Verdict::of(&lines, &recipes(), Some(Half::Leak));
    assert!(verdict.builds.is_empty());
    assert_eq!(
        doctor_verdict(&verdict, &lines),
        "Does it leak? yes: runc /usr/bin/runc runc 1.0.0-rc8 turns accounting on\n"
    );
    let unclear = Line::new(Half::Leak, "cgroups", Level::Warn, "not mounted");
    let verdict = Verdict::of(&[unclear], &[], Some(Half::Leak));
    assert_eq!(verdict.leaks, Some(Leak::Perhaps));
}
