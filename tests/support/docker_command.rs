//! The docker command, for a second opinion on what the tool did.

use std::process::Command;

/// Runs `docker` with `arguments` and gives what it wrote, without the last newline.
pub fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker")
        .args(arguments)
        .output()
        .expect("the docker command starts");
    assert!(
        output.status.success(),
        "docker {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned()
}

/// Whether `docker` with `arguments` succeeds.
pub fn docker_succeeds(arguments: &[&str]) -> bool {
    Command::new("docker")
        .args(arguments)
        .output()
        .expect("the docker command starts")
        .status
        .success()
}
