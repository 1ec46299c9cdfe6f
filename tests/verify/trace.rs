//! What a program under strace proves by what it writes.

use kmembuild::verify::{CgroupMaker, Check, Outcome, TraceVerdict, TracedRun, judge_trace};
use std::time::Duration;

// From strace 6.1 of runc 1.0.0-rc93.
const JOIN: &str = r#"75    write(14</sys/fs/cgroup/memory/x/cgroup.procs>, "80", 2) = 2"#;
const OPEN: &str = r#"75    openat2(7</sys/fs/cgroup>, "memory/x/memory.kmem.limit_in_bytes", {flags=O_WRONLY|O_CLOEXEC}, 24) = 14</sys/fs/cgroup/memory/x/memory.kmem.limit_in_bytes>"#;
const ON: &str =
    r#"75    write(14</sys/fs/cgroup/memory/x/memory.kmem.limit_in_bytes>, "1", 1) = 1"#;
const TCP: &str =
    r#"write(14</sys/fs/cgroup/memory/x/memory.kmem.tcp.limit_in_bytes>, "5", 1) = 1"#;
const VECTOR: &str = r#"7 writev(14</sys/fs/cgroup/memory/x/memory.kmem.limit_in_bytes>, [{iov_base="1", iov_len=1}], 1) = 1"#;
const READ: &str = r#"7 read(14</sys/fs/cgroup/memory/x/memory.kmem.limit_in_bytes>, "1", 1) = 1"#;
const LIMIT: &str = r#"65    write(14</sys/fs/cgroup/memory/x/memory.limit_in_bytes>, "67108864", 8 <unfinished ...>"#;

// From strace 6.1 of kubelet 1.20.2.
const PODS_ON: &str =
    r#"51    write(9</sys/fs/cgroup/memory/kubepods/memory.kmem.limit_in_bytes>, "1", 1) = 1"#;
const PODS_LIMIT: &str = r#"51    write(9</sys/fs/cgroup/memory/kubepods/memory.limit_in_bytes>, "25276514304", 11) = 11"#;

fn judged(exit_code: Option<i64>, calls: &[&str]) -> Check {
    judged_as(CgroupMaker::Runc, exit_code, calls)
}

fn judged_as(maker: CgroupMaker, exit_code: Option<i64>, calls: &[&str]) -> Check {
    let (verdict, check) = judge_trace(&TracedRun {
        maker,
        exit_code,
        limit: Duration::from_mins(1),
        calls: calls.iter().map(|&call| call.to_owned()).collect(),
        last_lines: vec!["the last line".to_owned()],
    });
    let passes = verdict == TraceVerdict::Off;
    assert_eq!(check.outcome == Outcome::Passed, passes, "{check:?}");
    check
}

#[test]
fn what_is_written_decides() {
    let off = judged(Some(0), &[JOIN, LIMIT]);
    assert_eq!(off.outcome, Outcome::Passed);
    assert_eq!(off.evidence, [LIMIT]);
    for calls in [
        &[JOIN, OPEN, ON, LIMIT][..],
        &[TCP, LIMIT],
        &[ON],
        &[VECTOR],
    ] {
        for exit_code in [Some(0), Some(1), None] {
            let on = judged(exit_code, calls);
            assert_eq!(on.outcome, Outcome::Failed, "{calls:?}");
            assert!(on.found.starts_with("on: "), "{}", on.found);
        }
    }
    let looked_at = judged(Some(0), &[OPEN, READ, LIMIT]);
    assert_eq!(looked_at.outcome, Outcome::Passed);
}

#[test]
fn a_run_that_shows_nothing_does_not_pass() {
    for (exit_code, calls, found) in [
        (
            Some(0),
            &[JOIN][..],
            "inconclusive: it never set the memory limit of the container",
        ),
        (
            Some(0),
            &[],
            "inconclusive: it never set the memory limit of the container",
        ),
        (Some(1), &[LIMIT], "inconclusive: it ended with exit code 1"),
        (None, &[LIMIT], "inconclusive: it did not end within 1m"),
    ] {
        let check = judged(exit_code, calls);
        assert_eq!(check.outcome, Outcome::Failed);
        assert_eq!(check.found, found);
        assert_eq!(check.evidence, ["the last line"]);
    }
}

#[test]
fn a_kubelet_is_judged_by_the_limit_of_its_pods() {
    let judged = |calls| judged_as(CgroupMaker::Kubelet, Some(0), calls);
    let off = judged(&[LIMIT, PODS_LIMIT]);
    assert_eq!(off.outcome, Outcome::Passed);
    assert_eq!(off.evidence, [PODS_LIMIT]);
    let on = judged(&[PODS_ON, PODS_LIMIT]);
    assert_eq!(
        on.found,
        "on: it turned kernel-memory accounting on for kubepods"
    );
    let nothing = judged(&[LIMIT]);
    assert_eq!(nothing.outcome, Outcome::Failed);
    assert_eq!(
        nothing.found,
        "inconclusive: it never set the memory limit of kubepods"
    );
}
