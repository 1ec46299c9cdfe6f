//! Asks a program for credentials, as the docker command does: `docker-credential-NAME get`, with the registry on its
//! standard input.

use std::fmt;
use std::io;
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

/// How long a program may take: some ask a server.
const LIMIT: Duration = Duration::from_secs(30);
/// Longest answer in bytes; tokens have a few thousand.
const LONGEST: u64 = 1 << 20;
/// What a program says of a registry that it does not know.
const UNKNOWN: &str = "credentials not found in native keychain";

/// What a program answered. No Debug: it must not reach a log.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Answer {
    /// `<token>` if the secret is a token.
    pub(super) username: String,
    pub(super) secret: String,
}

/// Why there is no answer; never with anything that the program printed.
#[derive(Debug)]
pub(super) enum Problem {
    Name,
    NotStarted(io::Error),
    Slow,
    Failed,
    NotUnderstood,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("is not the name of a program"),
            Self::NotStarted(error) => write!(f, "could not be run: {error}"),
            Self::Slow => write!(
                f,
                "did not answer within {}",
                humantime::format_duration(LIMIT)
            ),
            Self::Failed => f.write_str("failed"),
            Self::NotUnderstood => f.write_str("gave an answer that is not valid"),
        }
    }
}

/// What `program` has for the registry; `None` if it has nothing.
pub(super) async fn ask(program: &str, registry: &str) -> Result<Option<Answer>, Problem> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !program.chars().all(plain) {
        return Err(Problem::Name);
    }
    let mut child = Command::new(program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(Problem::NotStarted)?;
    let (input, output) = (child.stdin.take(), child.stdout.take());
    let asking = async {
        if let Some(mut input) = input {
            // One that does not read its input may still answer, or fail for a better reason.
            let _ = input.write_all(registry.as_bytes()).await;
        }
        let mut answer = Vec::new();
        if let Some(output) = output {
            output.take(LONGEST).read_to_end(&mut answer).await?;
        }
        Ok((child.wait().await?, answer))
    };
    let (status, answer) = match tokio::time::timeout(LIMIT, asking).await {
        Ok(answered) => answered.map_err(Problem::NotStarted)?,
        Err(_) => return Err(Problem::Slow),
    };
    if status.success() {
        let answer = serde_json::from_slice(&answer);
        return answer.map(Some).map_err(|_| Problem::NotUnderstood);
    }
    if String::from_utf8_lossy(&answer).trim() == UNKNOWN {
        return Ok(None);
    }
    Err(Problem::Failed)
}
