//! Commands in a running container.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use bollard::models::ContainerInspectResponse;
use bollard::query_parameters::InspectContainerOptions;
use futures_util::StreamExt;

use super::failure::{ContainerEnded, is_between, status};
use super::session::DockerSession;
use crate::engine::lines::Lines;
use crate::engine::memory_kills::{MEMORY_EVENTS, kills};
use crate::engine::{Command, EngineError, Exit, ExitCause, GuestPath};
use crate::events::{Event, Sink};

/// Exit code of a process that signal 9 killed.
const KILLED: i64 = 137;
/// Longest pause between two checks whether a command is over.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How often, and how long apart, a container that podman has yet to look after is looked at.
const LOOKS_AT_STOPPED: usize = 100;
const STOPPED_PAUSE: Duration = Duration::from_millis(100);

impl DockerSession {
    pub(super) async fn run_command(
        &self,
        command: &Command,
        sink: &dyn Sink,
    ) -> Result<Exit, EngineError> {
        let operation = format!("run step {}", command.step);
        // One buffer for each stream, so that neither ends up within a line of the other.
        let (mut standard, mut errors) = (Lines::default(), Lines::default());
        let mut emit = |line| {
            sink.event(&Event::Output {
                step: command.step.clone(),
                line,
            });
        };
        let ended = self
            .execute(&operation, command, |piece| match piece {
                LogOutput::StdErr { message } => errors.push(&message, &mut emit),
                other => standard.push(&other.into_bytes(), &mut emit),
            })
            .await;
        standard.finish(&mut emit);
        errors.finish(&mut emit);
        let mut ending = ended?;
        let kills = if command.counts_kills {
            self.kills_since_last_command().await
        } else {
            None
        };
        if ending.cause == ExitCause::Ended && ending.code != 0 {
            ending.cause = self.ended(&operation).await?.unwrap_or(ending.cause);
        }
        if ending.cause == ExitCause::Ended && ending.code == KILLED && kills.is_none() {
            ending.cause = self.ends_soon(&operation).await?.unwrap_or(ending.cause);
        }
        if kills.is_some_and(|kills| kills > 0) {
            ending.cause = ExitCause::OutOfMemory;
        }
        Ok(ending)
    }

    /// A killed container takes its commands with it, which says nothing about the commands; and the engine reports the end of
    /// the commands a little before that of the container.
    async fn ends_soon(&self, operation: &str) -> Result<Option<ExitCause>, EngineError> {
        for _ in 0..20 {
            if let Some(cause) = self.ended(operation).await? {
                return Ok(Some(cause));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(None)
    }

    /// Runs a command to its end, or to that of its container.
    async fn execute(
        &self,
        operation: &str,
        command: &Command,
        mut each: impl FnMut(LogOutput) + Send,
    ) -> Result<Exit, EngineError> {
        let docker = &self.client.docker;
        let options = CreateExecOptions {
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            env: Some(
                command
                    .environment
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect(),
            ),
            cmd: Some(command.command.clone()),
            user: Some("0".to_owned()),
            working_dir: Some(command.workdir.to_string()),
            ..CreateExecOptions::default()
        };
        let exec = match docker.create_exec(&self.id, options).await {
            Ok(exec) => exec.id,
            Err(error) => return self.not_run(operation, error).await,
        };
        let started = docker.start_exec(&exec, None::<StartExecOptions>).await;
        // The input stays open to the end: closing it would close the connection that carries the output.
        let (mut output, _input) = match started {
            Ok(StartExecResults::Attached { output, input }) => (output, input),
            Ok(StartExecResults::Detached) => {
                return Err(super::client::Client::incomplete(operation, "output"));
            }
            Err(error) => return self.not_run(operation, error).await,
        };
        while let Some(piece) = output.next().await {
            match piece {
                Ok(piece) => each(piece),
                Err(error) => return self.not_run(operation, error).await,
            }
        }
        self.exit(operation, &exec).await
    }

    /// Waits until the command is over; it may go on after it has closed its output.
    async fn exit(&self, operation: &str, exec: &str) -> Result<Exit, EngineError> {
        let mut pause = Duration::from_millis(5);
        loop {
            let state = match self.client.docker.inspect_exec(exec).await {
                Ok(state) => state,
                Err(error) => return self.not_run(operation, error).await,
            };
            if let (Some(false), Some(code)) = (state.running, state.exit_code) {
                let cause = ExitCause::Ended;
                return Ok(Exit { code, cause });
            }
            // An engine does not always record the end of a command whose container is killed.
            if let Some(cause) = self.ended(operation).await? {
                let code = KILLED;
                return Ok(Exit { code, cause });
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// What a failed request means for a command, depending on how its container ended.
    async fn not_run(
        &self,
        operation: &str,
        error: bollard::errors::Error,
    ) -> Result<Exit, EngineError> {
        match self.ended(operation).await {
            Ok(Some(cause)) => {
                let code = KILLED;
                Ok(Exit { code, cause })
            }
            Err(gone @ EngineError::Lost { .. }) => Err(gone),
            Ok(None) | Err(_) => Err(self.client.failed(operation, error)),
        }
    }

    /// Why the container ended: the kernel killed its main process for lack of memory, or its lifetime was over. `None`
    /// while it runs. Any other end of the container is an error, because it says nothing about the command.
    async fn ended(&self, operation: &str) -> Result<Option<ExitCause>, EngineError> {
        let lost = |source: ContainerEnded| EngineError::Lost {
            operation: operation.to_owned(),
            source: Box::new(source),
        };
        let mut inspected = self.inspect().await;
        for _ in 0..LOOKS_AT_STOPPED {
            if !inspected.as_ref().is_err_and(is_between) {
                break;
            }
            tokio::time::sleep(STOPPED_PAUSE).await;
            inspected = self.inspect().await;
        }
        let state = match inspected {
            Ok(container) => container.state.unwrap_or_default(),
            Err(error) if status(&error) == Some(404) => return Err(lost(ContainerEnded::Removed)),
            Err(error) => return Err(self.client.failed(operation, error)),
        };
        if state.running != Some(false) {
            return Ok(None);
        }
        if state.oom_killed == Some(true) {
            return Ok(Some(ExitCause::OutOfMemory));
        }
        match state.exit_code.unwrap_or_default() {
            // Its main process sleeps for the container's lifetime and succeeds only after that.
            0 => Ok(Some(ExitCause::TimedOut)),
            code => Err(lost(ContainerEnded::Stopped { code })),
        }
    }

    async fn inspect(&self) -> Result<ContainerInspectResponse, Error> {
        let docker = &self.client.docker;
        docker
            .inspect_container(&self.id, None::<InspectContainerOptions>)
            .await
    }

    /// How many processes of the container the kernel killed for lack of memory since the last call.
    ///
    /// Reads the kernel's own counter. The engine's `oom` events are not kept for long, come late or not at all with
    /// some engines, and do not cover a host that ran out of memory; its `OOMKilled` is set only when the container ends.
    /// `None` when there is no counter.
    async fn kills_since_last_command(&self) -> Option<u64> {
        let mut text = Vec::new();
        let read = Command {
            step: "memory counter".to_owned(),
            command: ["cat"]
                .into_iter()
                .chain(MEMORY_EVENTS)
                .map(str::to_owned)
                .collect(),
            environment: [].into(),
            workdir: GuestPath::new("/"),
            counts_kills: false,
        };
        self.execute("read the memory counter", &read, |piece| {
            if let LogOutput::StdOut { message } = piece {
                text.extend_from_slice(&message);
            }
        })
        .await
        .ok()?;
        let kills = kills(&String::from_utf8_lossy(&text))?;
        let before = self.out_of_memory_kills.swap(kills, Ordering::Relaxed);
        Some(kills.saturating_sub(before))
    }
}
