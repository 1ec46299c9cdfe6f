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

/// The file through which a process is put into a cgroup.
const JOIN_FILE: &str = "/cgroup.procs";
/// The hierarchy of the memory controller in the path of a file.
const MEMORY_HIERARCHY: &str = "/memory/";

/// Judges a run by what it wrote.
///
/// A run that ended successfully passes if it set the memory limit. A runc that failed passes if it had put the container
/// into its memory cgroup by then: accounting can only be turned on before that, as kernels before 4.6 refuse it for a cgroup
/// with processes, and every runc with accounting does it first. Any other run proves nothing.
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
    let joined = written(&|path| path.contains(MEMORY_HIERARCHY) && path.ends_with(JOIN_FILE));
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
        Some(code) if code != 0 && run.maker == CgroupMaker::Runc && !joined.is_empty() => {
            let found = format!(
                "off: it put {cgroup} into its memory cgroup and wrote nothing to memory.kmem.*, before it ended with \
                 exit code {code}"
            );
            let evidence = [joined, last_lines()].concat();
            (TraceVerdict::Off, found, evidence)
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
