//! The kubectl of the cluster's release.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use super::namespaces::written;
use super::program::until;
use crate::support::kubernetes_programs::kubernetes_program;

/// kubectl with the configuration of a user.
pub struct Kubectl {
    /// Path of the configuration.
    pub configuration: PathBuf,
}

impl Kubectl {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(kubernetes_program("kubectl"));
        command
            .arg("--kubeconfig")
            .arg(&self.configuration)
            // Of a server that is gone it learns by this alone.
            .arg("--request-timeout=30s")
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            // Its cache of what the server has is in there.
            .env("HOME", self.configuration.parent().expect("a folder"))
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end, whatever comes of it.
    pub fn try_run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("kubectl starts")
    }

    /// Runs it to its end, and gives what it wrote; panics when it fails.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> String {
        written("kubectl", arguments, &self.try_run(arguments))
    }

    /// An object, or a list of them, as the API server has it.
    #[track_caller]
    pub fn get(&self, arguments: &[&str]) -> Value {
        let text = self.run(&[&["get", "--output=json"], arguments].concat());
        serde_json::from_str(&text).expect("a JSON document")
    }

    /// Runs it to its end with an object on its standard input, whatever comes of it.
    pub fn give(&self, arguments: &[&str], object: &str) -> Output {
        let mut command = self.command(arguments);
        command.args(["--filename", "-"]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("kubectl starts");
        let mut pipe = child.stdin.take().expect("stdin is piped");
        pipe.write_all(object.as_bytes())
            .expect("kubectl reads the object");
        drop(pipe);
        child.wait_with_output().expect("kubectl ends")
    }

    /// Makes an object; panics when it cannot be made.
    #[track_caller]
    pub fn create(&self, object: &Value) {
        written(
            "kubectl",
            &["create"],
            &self.give(&["create"], &object.to_string()),
        );
    }

    /// Waits until an object has a condition, told by the server's watch.
    #[track_caller]
    pub fn wait(&self, condition: &str, object: &str) {
        let condition = format!("--for=condition={condition}");
        // The time of one request is that of the watch.
        self.run(&[
            "wait",
            &condition,
            object,
            "--timeout=180s",
            "--request-timeout=0",
        ]);
    }

    /// Waits until there is a pod that a selector chooses.
    #[track_caller]
    pub fn until_one(&self, selector: &str) {
        until("there is a pod", || {
            !self
                .run(&["get", "pods", "--output=name", selector])
                .is_empty()
        });
    }

    /// Whether the API server says that it is ready.
    pub fn is_ready(&self) -> bool {
        self.try_run(&["get", "--raw=/readyz"]).status.success()
    }
}
