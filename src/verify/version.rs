//! Does the binary print the version it was built as?

use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use std::os::unix::process::CommandExt as _;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use serde::{Deserialize, Serialize};

use super::architecture;
use super::check::{Check, CheckName, Outcome};
use super::expectations::VersionExpectation;
use super::findings::Format;
use super::inspect;
use super::isolation::{self, RunsAs};

/// The result of running a binary to get its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub enum VersionRun {
    /// It ran to its end.
    Ran {
        /// What it wrote to standard output and standard error, at most 64 KiB.
        output: String,
        /// Its exit code; `None` if a signal ended it.
        exit_code: Option<i32>,
    },
    /// It did not end in time and was killed.
    TimedOut {
        /// What it had written by then, at most 64 KiB.
        output: String,
        /// The time limit in milliseconds.
        limit_milliseconds: u64,
    },
    /// It was not run, or not to its end, which proves nothing.
    NotRun {
        /// Why not.
        reason: String,
    },
}

/// Enough time to print a version, even on a busy host.
pub const VERSION_TIMEOUT: Duration = Duration::from_secs(5);

/// More than any version text has; a binary that writes endlessly must not fill the memory.
const MOST_OUTPUT: usize = 64 << 10;

/// How long to wait for output that is still in the pipe when the program has ended.
const DRAIN: Duration = Duration::from_millis(200);

/// How often to check whether the program has ended.
const LOOK: Duration = Duration::from_millis(5);

/// Runs a binary on this host, if it is a program for this host's architecture.
///
/// It runs with an empty environment and no input, in `/`, and is killed with everything it started when it has printed or
/// the time is over. Blocks until then. Root runs what only root could have put there as root, what belongs to somebody else
/// as that user, and nothing that others could have changed; other users run what belongs to them or to root. It has neither
/// network nor a view of other processes' ids where the kernel allows that.
pub fn run_version(path: &Path, arguments: &[String], timeout: Duration) -> VersionRun {
    VersionRun::of(path, arguments, timeout, &|| false)
}

impl VersionRun {
    /// As [`run_version`], until `is_cancelled` returns true; the program and everything it started are killed then.
    pub fn of(
        path: &Path,
        arguments: &[String],
        timeout: Duration,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Self {
        let not_run = |reason: String| VersionRun::NotRun { reason };
        match inspect::read_program(path) {
            Ok(Ok(program)) => {
                if let Some(reason) = architecture::foreign(program.machine.architecture) {
                    return not_run(reason);
                }
            }
            Ok(Err(Format::Damaged { reason })) => {
                return not_run(format!("it is an incomplete ELF file: {reason}"));
            }
            Ok(Err(_)) => return not_run("it is not an ELF program".to_owned()),
            Err(error) => return not_run(error.to_string()),
        }
        let program = match fs::canonicalize(path) {
            Ok(program) => program,
            Err(error) => return not_run(error.to_string()),
        };
        let runs_as = match isolation::runs_as(&program) {
            Ok(runs_as) => runs_as,
            Err(reason) => return not_run(reason),
        };
        match start(&program, runs_as, arguments) {
            Ok((child, output)) => watch(child, &output, timeout, is_cancelled),
            Err(error) => not_run(format!("this host cannot start it: {error}")),
        }
    }
}

fn start(
    program: &Path,
    runs_as: RunsAs,
    arguments: &[String],
) -> io::Result<(Child, Receiver<Vec<u8>>)> {
    let (mut reader, writer) = io::pipe()?;
    let prepare = |command: &mut Command| {
        command
            .args(arguments)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer.try_clone()?)
            .process_group(0);
        Ok(())
    };
    let mut tries = 0;
    let mut child = loop {
        match isolation::start(program, runs_as, prepare) {
            // A process forked elsewhere in this program still has the freshly written file open.
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy && tries < 20 => {
                tries += 1;
                thread::sleep(LOOK * 4);
            }
            outcome => break outcome?,
        }
    };
    // Its copy of the pipe's end would keep the reader waiting.
    drop(writer);
    let (sender, receiver) = channel();
    let reading = thread::Builder::new().spawn(move || {
        let mut buffer = [0; 8192];
        let mut taken = 0;
        // Keeps reading when there is enough: a full pipe would stop the program.
        while let Ok(read @ 1..) = reader.read(&mut buffer) {
            let kept = read.min(MOST_OUTPUT - taken);
            taken += kept;
            if kept > 0 && sender.send(buffer[..kept].to_vec()).is_err() {
                break;
            }
        }
    });
    if let Err(error) = reading {
        // What it prints could not be read.
        let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
        let _ = child.wait();
        return Err(error);
    }
    Ok((child, receiver))
}

fn watch(
    mut child: Child,
    receiver: &Receiver<Vec<u8>>,
    timeout: Duration,
    is_cancelled: &dyn Fn() -> bool,
) -> VersionRun {
    let group = Pid::from_child(&child);
    let deadline = Instant::now() + timeout;
    let mut output = Vec::new();
    let mut open = true;
    let mut cancelled = false;
    let in_time = loop {
        if has_ended(group) {
            break true;
        }
        cancelled = is_cancelled();
        if cancelled || Instant::now() >= deadline {
            break false;
        }
        if open {
            open = take(receiver, &mut output, LOOK);
        } else {
            thread::sleep(LOOK);
        }
    };
    // Before waiting for the program, so that its process id cannot have been reused.
    let _ = kill_process_group(group, Signal::KILL);
    let status = child.wait();
    if cancelled {
        return VersionRun::NotRun {
            reason: "it was stopped before it ended".to_owned(),
        };
    }
    let end = Instant::now() + DRAIN;
    while open && Instant::now() < end {
        open = take(receiver, &mut output, LOOK);
    }
    let output = String::from_utf8_lossy(&output).into_owned();
    if in_time {
        VersionRun::Ran {
            output,
            exit_code: status.ok().as_ref().and_then(ExitStatus::code),
        }
    } else {
        VersionRun::TimedOut {
            output,
            limit_milliseconds: u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// Checks without reaping. An error means that the child no longer exists.
fn has_ended(child: Pid) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    !matches!(waitid(WaitId::Pid(child), options), Ok(None))
}

/// Receives output within the time; false when no more will come.
fn take(receiver: &Receiver<Vec<u8>>, output: &mut Vec<u8>, time: Duration) -> bool {
    match receiver.recv_timeout(time) {
        Ok(bytes) => output.extend(bytes),
        Err(RecvTimeoutError::Timeout) => {}
        Err(RecvTimeoutError::Disconnected) => return false,
    }
    true
}

pub(super) fn check(run: Option<&VersionRun>, expected: &VersionExpectation) -> Check {
    let quoted: Vec<_> = expected
        .contains
        .iter()
        .map(|text| format!("{text:?}"))
        .collect();
    let (outcome, found, output) = match run {
        None => (Outcome::NotRun, "not run".to_owned(), ""),
        Some(VersionRun::NotRun { reason }) => (Outcome::NotRun, format!("not run: {reason}"), ""),
        Some(VersionRun::TimedOut {
            output,
            limit_milliseconds,
        }) => {
            let limit = humantime::format_duration(Duration::from_millis(*limit_milliseconds));
            let found = format!("did not end within {limit}");
            (Outcome::Failed, found, output.as_str())
        }
        Some(VersionRun::Ran { output, exit_code }) => {
            let missing: Vec<_> = expected
                .contains
                .iter()
                .filter(|text| !contains_word(output, text))
                .map(|text| format!("{text:?}"))
                .collect();
            let found = match exit_code {
                None => "killed by a signal".to_owned(),
                Some(0) if missing.is_empty() => {
                    output.trim().lines().next().unwrap_or_default().to_owned()
                }
                Some(0) => format!("{} missing from its output", missing.join(" and ")),
                Some(code) => format!("exit code {code}"),
            };
            let passed = *exit_code == Some(0) && missing.is_empty();
            (Outcome::passed_if(passed), found, output.as_str())
        }
    };
    Check {
        name: CheckName::Version,
        outcome,
        expected: if quoted.is_empty() {
            "runs with exit code 0".to_owned()
        } else {
            format!("prints {}", quoted.join(" and "))
        },
        found,
        // The first lines are evidence enough.
        evidence: output.trim().lines().take(20).map(str::to_owned).collect(),
    }
}

/// Whether a text is in the output and not part of a longer version: 1.0.0 is not in 1.0.0-rc93, nor 1.2 in 11.2.
fn contains_word(output: &str, text: &str) -> bool {
    output.match_indices(text).any(|(start, found)| {
        let before = output[..start].chars().next_back();
        let mut after = output[start + found.len()..].chars();
        let continues_number = found.starts_with(|first: char| first.is_ascii_digit())
            && before.is_some_and(|last| last.is_ascii_digit() || last == '.');
        let ends_in_word = found.ends_with(char::is_alphanumeric);
        let continues = ends_in_word
            && match after.next() {
                Some(next) if next.is_alphanumeric() => true,
                Some('.' | '-' | '+' | '~' | '_') => {
                    after.next().is_some_and(char::is_alphanumeric)
                }
                _ => false,
            };
        !continues_number && !continues
    })
}
