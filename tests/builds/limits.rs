//! Limits: memory, processors, time.

use crate::support::build_place::{BuildPlace, WAIT};
use crate::support::debian_image::debian_image;

#[test]
fn a_step_that_needs_too_much_memory_is_told_so_with_the_limit_and_the_option() {
    debian_image();
    let build = BuildPlace::steps(
        "memory",
        "echo begin; perl -e '$x = q(x) x 3e8'; exit 2",
        "out",
    );
    build
        .build("v1.0.0-rc10", &["--memory", "64MiB"])
        .code(14)
        .says("step script ran out of memory: the limit was 64.0 MiB")
        .says("| begin")
        .says("hint: raise --memory above 64.0 MiB, or lower --jobs");
    build.assert_nothing_is_left();
}

#[test]
fn steps_that_take_too_long_are_stopped() {
    debian_image();
    let build = BuildPlace::steps("timeout", &format!("echo begin; {WAIT}"), "out");
    build
        .build("v1.0.0-rc10", &["--timeout", "2s"])
        .code(14)
        .says("step script was stopped: the build exceeded its time limit of 2s")
        .says("hint: raise --timeout");
    build.assert_nothing_is_left();
}

#[test]
fn processors_and_jobs_reach_the_container() {
    debian_image();
    let script = "cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null; echo jobs=$JOBS; cp /bin/true out";
    let build = BuildPlace::steps("processors", script, "out");
    let words = ["--cpus", "0.5", "--jobs", "3", "--memory", "512MiB"];
    build.build("v1.0.0-rc10", &words).code(0);
    let log = std::fs::read_to_string(build.result("v1.0.0-rc10").join("build.log"));
    let log = log.expect("the log");
    assert!(
        log.contains("\n50000\n") || log.contains("\n50000 100000\n"),
        "{log}"
    );
    assert!(log.contains("\njobs=3\n"), "{log}");
    build.assert_nothing_is_left();
}
