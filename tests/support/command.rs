//! The command under test, with a home, a working directory and an environment of its own.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use super::preflight;
use super::running::Running;

const PROGRAM: &str = env!("CARGO_BIN_EXE_kmembuild");

/// A folder in which the command is run, as one user would have it: home, cache and configuration are in it.
pub struct Workplace {
    folder: TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub struct Finished {
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Workplace {
    /// An empty one.
    pub fn new() -> Self {
        preflight::check();
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    /// An empty one in `/tmp`, whose path is as long as that of any other, for screens whose lines are as long as it.
    pub fn of_fixed_length() -> Self {
        preflight::check();
        let mut folder = tempfile::Builder::new();
        let folder = folder.prefix("place-").rand_bytes(6).tempdir_in("/tmp");
        Self {
            folder: folder.expect("a temporary folder"),
        }
    }

    /// The working directory.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file below the working directory and returns its path.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder for the file");
        std::fs::write(&path, text).expect("a written file");
        path
    }

    /// The command with `arguments`, not started. The engine is the one of `DOCKER_HOST`, if that is set.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.set_up(Command::new(PROGRAM), arguments)
    }

    /// A command with the arguments, the working directory and the environment of the command under test.
    pub fn set_up(&self, mut command: Command, arguments: &[&str]) -> Command {
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path().join("home"))
            .env("KMEMBUILD_CACHE_DIR", self.path().join("cache"))
            .env("KMEMBUILD_CONFIG_DIR", self.path().join("config"))
            // Where no engine answers, what comes of it must not depend on whether the tests run in a container.
            .env("KMEMBUILD_ENGINE", "docker")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null());
        if let Some(host) = std::env::var_os("DOCKER_HOST") {
            command.env("DOCKER_HOST", host);
        }
        command
    }

    /// Runs the command to its end.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        self.command(arguments)
            .output()
            .expect("the command starts")
            .into()
    }

    /// Runs the command to its end; the kernel ends it when it has used a processor for so many seconds.
    pub fn run_within(&self, seconds: u32, arguments: &[&str]) -> Finished {
        let mut command = Command::new("prlimit");
        command.arg(format!("--cpu={seconds}")).arg(PROGRAM);
        let output = self.set_up(command, arguments).output();
        output.expect("prlimit starts").into()
    }

    /// Runs the command to its end with `input` on a pipe.
    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Finished {
        let mut command = self.command(arguments);
        let (run, mut pipe) = Running::with_input(&mut command);
        // A command that does not want it closes the pipe.
        let _ = pipe.write_all(input.as_bytes());
        drop(pipe);
        run.finish()
    }

    /// Starts the command.
    pub fn start(&self, arguments: &[&str]) -> Running {
        let mut command = Command::new("env");
        // Where these tests are run by nohup, it would be ignored, which means something to the command.
        command.args(["--default-signal=HUP", PROGRAM]);
        Running::start(&mut self.set_up(command, arguments))
    }
}

impl From<Output> for Finished {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Finished {
    /// Asserts the exit code, showing what the command said when it is another.
    #[track_caller]
    pub fn code(self, expected: i32) -> Self {
        assert_eq!(
            self.code,
            Some(expected),
            "\n-- stdout\n{}\n-- stderr\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// Asserts that standard error holds `text`.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(
            self.stderr.contains(text),
            "{text:?} is not in\n{}",
            self.stderr
        );
        self
    }

    /// Asserts that standard output holds `text`.
    #[track_caller]
    pub fn prints(self, text: &str) -> Self {
        assert!(
            self.stdout.contains(text),
            "{text:?} is not in\n{}",
            self.stdout
        );
        self
    }
}
