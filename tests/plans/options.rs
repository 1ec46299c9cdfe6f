//! What the options of the command line change in a plan.

use std::time::Duration;

use super::case::Case;
use crate::support::golden::assert_golden;

#[test]
fn every_option_reaches_the_plan() {
    let case = Case::runc("v1.0.0-rc10").asking(|request| {
        request.memory = Some(2 << 30);
        request.nano_cpus = Some(1_500_000_000);
        request.jobs = Some(3);
        request.timeout = Some(Duration::from_mins(90));
        request.glibc_floor = Some("2.12".parse().expect("a version"));
        request.mirrors = vec![
            "registry.example:5000/hub".parse().unwrap(),
            "second.example".parse().unwrap(),
        ];
    });
    assert_golden("plans", "runc-v1.0.0-rc10-options", &case.golden());
}

#[test]
fn a_memory_limit_below_the_recipes_need_is_a_warning() {
    let warned = Case::runc("v1.0.0-rc10").asking(|request| request.memory = Some(256 << 20));
    assert_eq!(
        warned.plan().warnings[0],
        "the memory limit of 256.0 MiB is below the 1.0 GiB that the build needs"
    );
    let enough = Case::runc("v1.0.0-rc10").asking(|request| request.memory = Some(1 << 30));
    let warnings = enough.plan().warnings;
    assert!(
        warnings
            .iter()
            .all(|warning| !warning.contains("memory limit"))
    );
}

#[test]
fn force_is_a_warning_where_it_matters_and_nothing_elsewhere() {
    let needed = Case::runc("v1.0.0-rc10");
    let forced = needed.clone().asking(|request| request.force = true);
    assert_eq!(needed.plan().digest(), forced.plan().digest());
    let not_needed = Case::runc("v1.0.0").asking(|request| request.force = true);
    let warnings = not_needed.plan().warnings;
    assert!(warnings[0].starts_with("v1.0.0 does not need to be built: "));
}

#[test]
fn a_time_below_a_second_does_not_become_no_time() {
    let case = Case::runc("v1.0.0-rc10")
        .asking(|request| request.timeout = Some(Duration::from_millis(20)));
    assert_eq!(case.plan().build.limits.timeout_seconds, 1);
}

#[test]
fn without_an_option_nothing_is_said_about_it() {
    let step = &Case::runc("v1.0.0-rc10").plan().build.steps[0];
    assert!(!step.environment.contains_key("GOMAXPROCS"), "{step:?}");
    let text = step.command.join(" ");
    for unset in ["GOARCH", "CC=", "CGO_ENABLED", "{{"] {
        assert!(!text.contains(unset), "{text}");
    }
}
