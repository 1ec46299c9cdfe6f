//! Commands in a container.

use std::fs;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio_util::sync::CancellationToken;

use super::configuration::process;
use super::keeper::End;
use super::session::RuntimeSession;
use crate::engine::lines::Lines;
use crate::engine::{Command, EngineError, Exit, ExitCause};
use crate::events::{Event, Sink};

/// Exit code of a process that signal 9 killed.
const KILLED: i64 = 137;
/// Exit code for a program that is not there, as of a shell.
const NOT_FOUND: i64 = 127;
/// Bytes of output that are read at a time.
const CHUNK: usize = 16 << 10;
/// How long output is waited for after the end of a command: what it left running may hold it open for ever.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// How long the end of a container is waited for, of which the end of its command may be the first sign.
const SOON: Duration = Duration::from_millis(100);
/// How often that is looked for: the main process has ended by then, and its keeper only removes what it made.
const LOOKS: usize = 600;
/// How often it is looked whether a command that was killed was killed alone.
const LOOKS_AT_KILLED: usize = 2;
/// The kernel's mark of a process that is ending.
const EXITING: u64 = 4;

impl RuntimeSession {
    pub(super) async fn run_command(
        &self,
        command: &Command,
        sink: &dyn Sink,
    ) -> Result<Exit, EngineError> {
        let operation = format!("run step {}", command.step);
        if let Some(end) = self.ended().await {
            return ended(end, &operation);
        }
        let before = self.memory_kills.load(Ordering::Relaxed);
        let ran = self.execute(command, sink).await;
        let mut exit = match ran {
            Ok(exit) => exit,
            Err(source) => {
                return match self.ends_soon(true).await {
                    Some(end) => ended(end, &operation),
                    None => Err(EngineError::Refused {
                        operation,
                        source: Box::new(source),
                    }),
                };
            }
        };
        if exit.cause == ExitCause::TimedOut {
            return Ok(exit);
        }
        // The end of a container takes its commands with it, and says nothing of them.
        let end = match exit.code {
            0 => None,
            code => self.ends_soon(code == KILLED).await,
        };
        if let Some(end) = end {
            return ended(end, &operation);
        }
        if command.counts_kills
            && let Some(kills) = self.counters.memory_kills()
        {
            self.memory_kills.store(kills, Ordering::Relaxed);
            if kills > before {
                exit.cause = ExitCause::OutOfMemory;
            }
        }
        Ok(exit)
    }

    /// Why the session ended, or ends: its main process has. `None` where that lives, which after a command that was killed
    /// shows only in a moment.
    async fn ends_soon(&self, was_killed: bool) -> Option<End> {
        for look in 0..LOOKS {
            if let Some(end) = self.ended().await {
                return Some(end);
            }
            if self.process_lives() && (!was_killed || look == LOOKS_AT_KILLED) {
                return None;
            }
            tokio::time::sleep(SOON).await;
        }
        Some(End::ByItself)
    }

    /// Whether the container's main process lives.
    fn process_lives(&self) -> bool {
        let process = fs::read_to_string(self.directory.join("process")).unwrap_or_default();
        let state = fs::read_to_string(format!("/proc/{}/stat", process.trim()));
        let state = state.unwrap_or_default();
        // The name of the program, in parentheses, may hold anything.
        let fields = state.rsplit(')').next().unwrap_or_default();
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let is_dead = fields
            .first()
            .is_none_or(|state| matches!(*state, "Z" | "X"));
        // It waits for what it takes along, and looks like one that sleeps.
        let flags = fields.get(6).and_then(|flags| flags.parse::<u64>().ok());
        !is_dead && flags.is_some_and(|flags| flags & EXITING == 0)
    }

    async fn execute(&self, command: &Command, sink: &dyn Sink) -> io::Result<Exit> {
        let file = self.describe(command)?;
        let mut child = self
            .program
            .command_in(&self.state, self.keeper_process)
            .args(["exec", "--process"])
            .arg(&file.0)
            .arg(&self.name)
            // Ctrl-C in a terminal is for the tool, which then ends the session.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let over = CancellationToken::new();
        let output = async {
            tokio::join!(
                tell(stdout, command, sink, &over),
                tell(stderr, command, sink, &over)
            );
        };
        let waiting = async {
            let status = child.wait().await;
            over.cancel();
            status
        };
        let both = async { tokio::join!(waiting, output).0 };
        let Ok(status) = tokio::time::timeout_at(self.deadline, both).await else {
            return Ok(Exit {
                code: KILLED,
                cause: ExitCause::TimedOut,
            });
        };
        let status = status?;
        let signalled = || status.signal().map(|signal| 128 + i64::from(signal));
        let code = status.code().map(i64::from).or_else(signalled);
        let code = code.unwrap_or(KILLED);
        // Runtimes have codes of their own for a program that is not there: crun 1 or 127, runc 255 or 127.
        let code = if matches!(code, 1 | 255) && !self.is_there(command) {
            NOT_FOUND
        } else {
            code
        };
        let cause = ExitCause::Ended;
        Ok(Exit { code, cause })
    }

    /// Whether the program of a command is in the container.
    fn is_there(&self, command: &Command) -> bool {
        let Some(program) = command.command.first() else {
            return false;
        };
        if program.contains('/') {
            return self
                .files
                .has(&Path::new(command.workdir.as_str()).join(program));
        }
        let own = command.environment.get("PATH");
        let search = own.or_else(|| self.environment.get("PATH"));
        let search = search.map_or("", String::as_str);
        search
            .split(':')
            .any(|directory| self.files.has(&Path::new(directory).join(program)))
    }

    /// Writes down what the runtime runs; the file is gone when it is dropped.
    fn describe(&self, command: &Command) -> io::Result<Described> {
        let number = self.commands.fetch_add(1, Ordering::Relaxed);
        let mut variables = self.environment.clone();
        variables.extend(command.environment.clone());
        let text = process(
            &command.command,
            &variables,
            command.workdir.as_str(),
            self.privileges,
        );
        let file = self.directory.join(format!("command-{number}.json"));
        fs::write(&file, serde_json::to_vec(&text)?)?;
        Ok(Described(file))
    }
}

/// The file with the description of a command.
struct Described(PathBuf);

impl Drop for Described {
    fn drop(&mut self) {
        // It goes with the session at the latest.
        let _ = fs::remove_file(&self.0);
    }
}

/// What the end of a session means for the command that ran.
fn ended(end: End, operation: &str) -> Result<Exit, EngineError> {
    let cause = match end {
        End::Lifetime => ExitCause::TimedOut,
        End::OutOfMemory => ExitCause::OutOfMemory,
        End::Told | End::Failed | End::ByItself => {
            return Err(EngineError::Lost {
                operation: operation.to_owned(),
                source: "its container ended".into(),
            });
        }
    };
    Ok(Exit {
        code: KILLED,
        cause,
    })
}

/// Passes the lines of one stream on, each as soon as it is whole, to its end, or until nothing has come for a moment after
/// the command is `over`.
async fn tell(
    stream: Option<impl AsyncRead + Unpin>,
    command: &Command,
    sink: &dyn Sink,
    over: &CancellationToken,
) {
    let Some(mut stream) = stream else { return };
    let mut emit = |line| {
        sink.event(&Event::Output {
            step: command.step.clone(),
            line,
        });
    };
    let mut lines = Lines::default();
    let mut buffer = vec![0; CHUNK];
    loop {
        let silence = async {
            over.cancelled().await;
            tokio::time::sleep(LAST_WORDS).await;
        };
        let read = tokio::select! {
            biased;
            read = stream.read(&mut buffer) => read,
            () = silence => break,
        };
        // What can no longer be read has ended.
        let Ok(count @ 1..) = read else { break };
        lines.push(&buffer[..count], &mut emit);
    }
    lines.finish(&mut emit);
}
