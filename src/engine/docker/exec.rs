//! Commands in a running container.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bollard::container::LogOutput;
use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use bollard::query_parameters::InspectContainerOptions;
use futures_util::StreamExt;

use super::failure::{ContainerEnded, status};
use super::lines::Lines;
use super::session::DockerSession;
use crate::engine::{Command, EngineError, Exit};
use crate::events::{Event, Sink};

/// Where the kernel counts what it ended for lack of memory, for cgroup version 2 and 1. The container sees its own.
const MEMORY_EVENTS: [&str; 2] = [
    "/sys/fs/cgroup/memory.events",
    "/sys/fs/cgroup/memory/memory.oom_control",
];
/// Exit code of a process that was killed by signal 9.
const KILLED: i64 = 137;
/// Longest pause between two looks at whether a command is over.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl DockerSession {
    pub(super) async fn run_command(
        &self,
        command: &Command,
        sink: &dyn Sink,
    ) -> Result<Exit, EngineError> {
        let operation = format!("run step {}", command.step);
        // Two streams, two half lines: what is written to one must not end up within a line of the other.
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
        let code = ended?;
        let kills = if command.counts_kills {
            self.kills_since_last_command().await
        } else {
            None
        };
        let mut container_killed = code != 0 && self.ended_for_lack_of_memory(&operation).await?;
        if code == KILLED && kills.is_none() {
            container_killed = self.ends_soon(&operation).await?;
        }
        Ok(Exit {
            code,
            out_of_memory: container_killed || kills.is_some_and(|kills| kills > 0),
        })
    }

    /// A container that is killed takes its commands with it, which says nothing about them; and the engine tells
    /// the end of the commands a little before that of the container.
    async fn ends_soon(&self, operation: &str) -> Result<bool, EngineError> {
        for _ in 0..20 {
            if self.ended_for_lack_of_memory(operation).await? {
                return Ok(true);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(false)
    }

    /// Runs a command to its end and gives its exit code.
    async fn execute(
        &self,
        operation: &str,
        command: &Command,
        mut each: impl FnMut(LogOutput) + Send,
    ) -> Result<i64, EngineError> {
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
            working_dir: Some(command.workdir.clone()),
            ..CreateExecOptions::default()
        };
        let exec = match docker.create_exec(&self.id, options).await {
            Ok(exec) => exec.id,
            Err(error) => return Err(self.not_run(operation, error).await),
        };
        let started = docker.start_exec(&exec, None::<StartExecOptions>).await;
        // The input is kept to the end: closing it would close the connection that carries the output.
        let (mut output, _input) = match started {
            Ok(StartExecResults::Attached { output, input }) => (output, input),
            Ok(StartExecResults::Detached) => {
                return Err(super::client::Client::incomplete(operation, "output"));
            }
            Err(error) => return Err(self.not_run(operation, error).await),
        };
        while let Some(piece) = output.next().await {
            match piece {
                Ok(piece) => each(piece),
                Err(error) => return Err(self.not_run(operation, error).await),
            }
        }
        self.exit_code(operation, &exec).await
    }

    /// Waits until the command is over: one that closes its output goes on without being heard.
    async fn exit_code(&self, operation: &str, exec: &str) -> Result<i64, EngineError> {
        let mut pause = Duration::from_millis(5);
        loop {
            let state = match self.client.docker.inspect_exec(exec).await {
                Ok(state) => state,
                Err(error) => return Err(self.not_run(operation, error).await),
            };
            if let (Some(false), Some(code)) = (state.running, state.exit_code) {
                return Ok(code);
            }
            // An engine forgets to tell the commands of a container that is killed.
            if self.ended_for_lack_of_memory(operation).await? {
                return Ok(KILLED);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// The error of a command whose request failed: whether it is the container that is gone decides which.
    async fn not_run(&self, operation: &str, error: bollard::errors::Error) -> EngineError {
        match self.ended_for_lack_of_memory(operation).await {
            Err(gone @ EngineError::Lost { .. }) => gone,
            _ => self.client.failed(operation, error),
        }
    }

    /// Whether the container ended because the kernel killed its main process for lack of memory. A container that
    /// ended for another reason is an error: the command did not have its chance.
    async fn ended_for_lack_of_memory(&self, operation: &str) -> Result<bool, EngineError> {
        let lost = |source: ContainerEnded| EngineError::Lost {
            operation: operation.to_owned(),
            source: Box::new(source),
        };
        let inspected = self
            .client
            .docker
            .inspect_container(&self.id, None::<InspectContainerOptions>)
            .await;
        let state = match inspected {
            Ok(container) => container.state.unwrap_or_default(),
            Err(error) if status(&error) == Some(404) => return Err(lost(ContainerEnded::Removed)),
            Err(error) => return Err(self.client.failed(operation, error)),
        };
        if state.running != Some(false) {
            return Ok(false);
        }
        if state.oom_killed == Some(true) {
            return Ok(true);
        }
        Err(lost(ContainerEnded::Stopped {
            code: state.exit_code.unwrap_or_default(),
        }))
    }

    /// How many processes of the container the kernel ended for lack of memory since this was last asked.
    ///
    /// Asks the kernel's own counter. The engine's `oom` events are not kept for long, come late or not at all on
    /// some engines, and leave out a host that ran out of memory; its `OOMKilled` is set when the container ends.
    /// `None` when there is no counter to read.
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
            workdir: "/".to_owned(),
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

/// The counter in what the kernel writes.
fn kills(text: &str) -> Option<u64> {
    text.lines()
        .filter_map(|line| line.strip_prefix("oom_kill "))
        .filter_map(|count| count.trim().parse().ok())
        .max()
}

#[cfg(test)]
mod tests {
    use super::kills;

    #[test]
    fn both_versions_of_cgroups_have_the_counter() {
        assert_eq!(
            kills("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"),
            Some(2)
        );
        assert_eq!(
            kills("low 0\nhigh 0\nmax 9\noom 3\noom_kill 1\noom_group_kill 0\n"),
            Some(1)
        );
        assert_eq!(kills("oom_kill_disable 0\n"), None);
    }
}
