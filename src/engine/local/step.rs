//! One command, under its supervisor.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, ChildStdin};
use tokio_util::sync::CancellationToken;

use super::kills::out_of_memory_kills;
use super::session::LocalSession;
use super::supervisor::{CUT, OPEN, SUPERVISOR};
use crate::engine::lines::Lines;
use crate::engine::{Command, EngineError, Exit, ExitCause};
use crate::events::{Event, Sink};

/// Exit code of a command that was killed.
const KILLED: i64 = 137;
/// Bytes of output that are read at a time.
const CHUNK: usize = 16 << 10;

impl LocalSession {
    pub(super) async fn run_command(
        &self,
        command: &Command,
        sink: &dyn Sink,
    ) -> Result<Exit, EngineError> {
        let operation = format!("run step {}", command.step);
        let refused = |source: io::Error| EngineError::Refused {
            operation: operation.clone(),
            source: Box::new(source),
        };
        let before = if command.counts_kills {
            out_of_memory_kills()
        } else {
            None
        };
        let mut child = self.supervisor(command).spawn().map_err(refused)?;
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let _counted = self.count(child.id());
        // Whoever drops this future stops the step; so does the end of the session.
        let stop = self.stop.child_token();
        let _stopping = stop.clone().drop_guard();
        let ended = self.tasks.spawn(wait_for(child, stdin, stop.clone()));
        let output = async {
            tokio::join!(tell(stdout, command, sink), tell(stderr, command, sink));
        };
        let is_over = tokio::time::timeout_at(self.deadline, output)
            .await
            .is_err();
        if is_over {
            stop.cancel();
        }
        let status = ended.await.map_err(io::Error::other).flatten();
        let status = status.map_err(refused)?;
        let Some(code) = status.code() else {
            return Err(EngineError::Lost {
                operation,
                source: format!(
                    "its supervisor was killed by signal {}",
                    status.signal().unwrap_or_default()
                )
                .into(),
            });
        };
        if is_over {
            return Ok(Exit {
                code: KILLED,
                cause: ExitCause::TimedOut,
            });
        }
        let after = before.and_then(|_| out_of_memory_kills());
        let cause = if after > before {
            ExitCause::OutOfMemory
        } else {
            ExitCause::Ended
        };
        Ok(Exit {
            code: i64::from(code),
            cause,
        })
    }

    /// The command that runs `command` under supervision.
    fn supervisor(&self, command: &Command) -> tokio::process::Command {
        let mut supervisor = tokio::process::Command::new(&self.supervisor);
        supervisor
            .arg0(SUPERVISOR)
            .arg(if self.cuts_network { CUT } else { OPEN })
            .args(&command.command)
            .env_clear()
            .envs(&self.environment)
            .envs(&command.environment)
            .current_dir(command.workdir.as_str())
            // Ctrl-C in a terminal is for the tool, which then stops the step.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        supervisor
    }
}

/// Waits for a supervisor, which ends its step as soon as its standard input is closed.
async fn wait_for(
    mut supervisor: Child,
    stdin: Option<ChildStdin>,
    stop: CancellationToken,
) -> io::Result<ExitStatus> {
    tokio::select! {
        status = supervisor.wait() => return status,
        () = stop.cancelled() => {}
    }
    drop(stdin);
    supervisor.wait().await
}

/// Passes the lines of one stream on, each as soon as it is whole.
async fn tell(stream: Option<impl AsyncRead + Unpin>, command: &Command, sink: &dyn Sink) {
    let Some(mut stream) = stream else { return };
    let mut emit = |line| {
        sink.event(&Event::Output {
            step: command.step.clone(),
            line,
        });
    };
    let mut lines = Lines::default();
    let mut buffer = vec![0; CHUNK];
    // What can no longer be read has ended.
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        lines.push(&buffer[..count], &mut emit);
    }
    lines.finish(&mut emit);
}
