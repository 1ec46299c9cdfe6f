//! The namespaces of a cluster's hub or of one of its nodes.

use std::process::{Command, Output, Stdio};

/// Namespaces of processes, mounts, network, host name and IPC.
#[derive(Clone, Copy)]
pub struct Namespaces {
    /// The process whose they are, as this machine numbers it.
    pub first: u32,
}

impl Namespaces {
    /// A command of theirs. It is the only child of the process that is started: `nsenter`, which waits for it.
    pub fn command(self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command
            .arg("--target")
            .arg(self.first.to_string())
            .args(["--pid", "--mount", "--net", "--uts", "--ipc", "--", program])
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end; panics when it fails.
    #[track_caller]
    pub fn run(self, program: &str, arguments: &[&str]) -> String {
        let output = self.command(program).args(arguments).output();
        written(program, arguments, &output.expect("nsenter starts"))
    }
}

/// What a command wrote, without the last newline; panics with what it said when it failed.
#[track_caller]
pub fn written(program: &str, arguments: &[&str], output: &Output) -> String {
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim_end().to_owned()
}
