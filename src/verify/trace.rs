//! Does a program that makes containers write to the files that turn kernel-memory accounting on?

use std::time::Duration;

use super::check::{Check, CheckName, Outcome};

/// The cgroup files that a program without accounting does not write to.
const KMEM_FILES: &str = "/memory.kmem.";
/// The system calls that write.
pub(crate) const WRITES: [&str; 5] = ["write", "writev", "pwrite64", "pwritev", "pwritev2"];
/// The file for a memory limit.
const LIMIT_FILE: &str = "/memory.limit_in_bytes";

/// A program that makes cgroups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CgroupMaker {
    /// It makes the cgroups of a container.
    Runc,
    /// It makes the cgroups for its pods.
    Kubelet,
}

/// The result of a run under strace that should have made a cgroup with a memory limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracedRun {
    /// The program.
    pub maker: CgroupMaker,
    /// Its exit code; `None` if it did not end in time.
    pub exit_code: Option<i64>,
    /// The time limit.
    pub limit: Duration,
    /// The lines of `strace -f -y` about memory cgroup files, in order.
    pub calls: Vec<String>,
    /// Its last lines of output.
    pub last_lines: Vec<String>,
}

impl CgroupMaker {
    /// The cgroup whose limit it sets.
    fn cgroup(self) -> &'static str {
        match self {
            CgroupMaker::Runc => "the container",
            CgroupMaker::Kubelet => "kubepods",
        }
    }

    /// Whether a file is the one for that limit.
    fn sets_limit(self, path: &str) -> bool {
        match self {
            CgroupMaker::Runc => path.ends_with(LIMIT_FILE),
            CgroupMaker::Kubelet => {
                let cgroup = path.strip_suffix(LIMIT_FILE);
                cgroup.is_some_and(|cgroup| cgroup.ends_with("/kubepods"))
            }
        }
    }
}

/// What a run proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceVerdict {
    /// It turned accounting on.
    On,
    /// It did what turns accounting on in a build with accounting, and left it off.
    Off,
    /// Nothing: it did not get that far, or not to its end.
    NotShown,
}

/// Judges a run by what it wrote. A run can only pass if it set the memory limit and ended successfully; otherwise it
/// proves nothing.
pub fn judge_trace(run: &TracedRun) -> (TraceVerdict, Check) {
    let written = |is: &dyn Fn(&str) -> bool| -> Vec<String> {
        let calls = run.calls.iter();
        calls
            .filter(|call| written_file(call).is_some_and(is))
            .cloned()
            .collect()
    };
    let accounting = written(&|path| path.contains(KMEM_FILES));
    let limit = written(&|path| run.maker.sets_limit(path));
    let cgroup = run.maker.cgroup();
    let last_lines = || run.last_lines.clone();
    let (verdict, found, evidence) = match run.exit_code {
        _ if !accounting.is_empty() => (
            TraceVerdict::On,
            format!("on: it turned kernel-memory accounting on for {cgroup}"),
            accounting,
        ),
        None => {
            let limit = humantime::format_duration(run.limit);
            let found = format!("inconclusive: it did not end within {limit}");
            (TraceVerdict::NotShown, found, last_lines())
        }
        Some(code) if code != 0 => {
            let found = format!("inconclusive: it ended with exit code {code}");
            (TraceVerdict::NotShown, found, last_lines())
        }
        Some(_) if limit.is_empty() => {
            let found = format!("inconclusive: it never set the memory limit of {cgroup}");
            (TraceVerdict::NotShown, found, last_lines())
        }
        Some(_) => (
            TraceVerdict::Off,
            format!("off: it set the memory limit of {cgroup} and wrote nothing to memory.kmem.*"),
            limit,
        ),
    };
    let check = Check {
        name: CheckName::Run,
        outcome: Outcome::passed_if(verdict == TraceVerdict::Off),
        expected: format!("sets the memory limit of {cgroup}, writes nothing to memory.kmem.*"),
        found,
        evidence,
    };
    (verdict, check)
}

/// The path of the file that a line of strace writes to: `12 write(7</sys/fs/cgroup/memory/x/memory.limit_in_bytes>, ...`.
fn written_file(call: &str) -> Option<&str> {
    let call = call.trim_start_matches(|c: char| c.is_ascii_digit());
    let (name, arguments) = call.trim_start().split_once('(')?;
    if !WRITES.contains(&name) {
        return None;
    }
    let (_, rest) = arguments.split_once('<')?;
    let (path, _) = rest.split_once('>')?;
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    // From strace 6.1 of runc 1.0.0-rc93.
    const JOIN: &str = r#"75    write(14</sys/fs/cgroup/memory/x/cgroup.procs>, "80", 2) = 2"#;
    const OPEN: &str = r#"75    openat2(7</sys/fs/cgroup>, "memory/x/memory.kmem.limit_in_bytes", {flags=O_WRONLY|O_CLOEXEC}, 24) = 14</sys/fs/cgroup/memory/x/memory.kmem.limit_in_bytes>"#;
    const ON: &str =
        r#"75    write(14</sys/fs/cgroup/memory/x/memory.kmem.limit_in_bytes>, "1", 1) = 1"#;
    const TCP: &str =
        r#"write(14</sys/fs/cgroup/memory/x/memory.kmem.tcp.limit_in_bytes>, "5", 1) = 1"#;
    const VECTOR: &str = r#"7 writev(14</sys/fs/cgroup/memory/x/memory.kmem.limit_in_bytes>, [{iov_base="1", iov_len=1}], 1) = 1"#;
    const READ: &str =
        r#"7 read(14</sys/fs/cgroup/memory/x/memory.kmem.limit_in_bytes>, "1", 1) = 1"#;
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
}
