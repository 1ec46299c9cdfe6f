//! One question over SSH.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};

use super::documents::{LARGEST, read, split};
use super::host::SshHost;
use super::member::Member;

/// How much of what is said about a failure is kept, in bytes.
const KEPT: u64 = 16 << 10;

/// Asks `host` for its document: runs `remote node --format json` there.
///
/// # Errors
/// Why there is none, in one line.
pub(super) async fn document(
    host: &SshHost,
    remote: &str,
    limit: Duration,
) -> Result<Member, String> {
    let connect = format!("ConnectTimeout={}", limit.as_secs().max(1));
    let mut command = Command::new("ssh");
    command
        // It asks nobody for a password, and opens nothing but this one session.
        .args(["-T", "-x", "-a", "-o", "BatchMode=yes"])
        .args(["-o", "ClearAllForwardings=yes", "-o", &connect])
        .args(["--", host.as_str(), remote, "node", "--format", "json"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    let child = command
        .spawn()
        .map_err(|error| format!("could not start ssh: {error}"))?;
    let mut group = Group(child);
    let answered = tokio::time::timeout(limit, group.answer()).await;
    let (status, text, said) = match answered {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => return Err(format!("could not read what ssh printed: {error}")),
        Err(_) => {
            let limit = humantime::format_duration(limit);
            return Err(format!("no answer within {limit}"));
        }
    };
    let place = format!("ssh {}", host.as_str());
    // A shell may greet before it starts a command.
    let greeting = match text.strip_prefix(b"{") {
        Some(_) => 0,
        None => text
            .windows(2)
            .position(|two| two == b"\n{")
            .map_or(0, |at| at + 1),
    };
    let text = &text[greeting..];
    // The exit code is the answer about the node; the document has it as well.
    let document = split(text).map_or(text, |(document, _)| document);
    match read(document, place) {
        Ok(mut member) => {
            host.as_str().clone_into(&mut member.host);
            Ok(member)
        }
        Err((_, reason)) => Err(reason_of(status, text, &said, remote, &reason)),
    }
}

/// Why there is no document.
fn reason_of(status: ExitStatus, text: &[u8], said: &[u8], remote: &str, reason: &str) -> String {
    let said = String::from_utf8_lossy(said);
    let last = said.lines().map(str::trim).rfind(|line| !line.is_empty());
    match (status.code(), last) {
        (Some(127), _) => format!("{remote} was not found there"),
        (_, Some(last)) if text.trim_ascii().is_empty() => last.to_owned(),
        (Some(0), _) => format!("it printed something else: {reason}"),
        (code, _) if text.trim_ascii().is_empty() => match code {
            Some(code) => format!("ssh ended with exit code {code}"),
            None => "ssh was ended by a signal".to_owned(),
        },
        _ => format!("it printed something else: {reason}"),
    }
}

/// A running `ssh` with what it starts, which end with this.
struct Group(Child);

impl Group {
    async fn answer(&mut self) -> io::Result<(ExitStatus, Vec<u8>, Vec<u8>)> {
        let (out, err) = (self.0.stdout.take(), self.0.stderr.take());
        let (text, said) = tokio::try_join!(whole(out), beginning(err))?;
        Ok((self.0.wait().await?, text, said))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // It is not known any more once it was waited for.
        let pid = self.0.id().and_then(|pid| i32::try_from(pid).ok());
        if let Some(pid) = pid.and_then(Pid::from_raw) {
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

/// All of a stream that a document may be.
async fn whole(stream: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        let mut stream = stream.take(LARGEST as u64 + 1);
        stream.read_to_end(&mut bytes).await?;
    }
    if bytes.len() > LARGEST {
        let limit = bytesize::ByteSize(LARGEST as u64);
        return Err(io::Error::other(format!("it is more than {limit}")));
    }
    Ok(bytes)
}

/// The beginning of a stream, which is read to its end so that nobody waits for room in it.
async fn beginning(stream: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        (&mut stream).take(KEPT).read_to_end(&mut bytes).await?;
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
    }
    Ok(bytes)
}
