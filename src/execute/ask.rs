//! Short questions to a session.

use std::collections::BTreeMap;

use super::sinks::Answer;
use crate::artifacts::PackageVersion;
use crate::engine::{Command, EngineError, Exit, GuestPath, Session};

/// Runs a short command and returns its exit and its lines.
pub(super) async fn ask(
    session: &dyn Session,
    command: &[&str],
) -> Result<(Exit, Vec<String>), EngineError> {
    let answer = Answer::default();
    let command = Command {
        step: "question".to_owned(),
        command: command.iter().map(|&word| word.to_owned()).collect(),
        environment: BTreeMap::new(),
        workdir: GuestPath::new("/"),
        counts_kills: false,
    };
    let exit = session.run(&command, &answer).await?;
    Ok((exit, answer.into_lines()))
}

/// The packages of a Debian image; empty for an image without dpkg.
pub(super) async fn packages(session: &dyn Session) -> Vec<PackageVersion> {
    let query = ["dpkg-query", "-W", "-f=${binary:Package} ${Version}\\n"];
    let Ok((Exit { code: 0, .. }, lines)) = ask(session, &query).await else {
        return Vec::new();
    };
    let split = |line: &String| {
        let (name, version) = line.split_once(' ')?;
        Some(PackageVersion {
            name: name.to_owned(),
            version: version.to_owned(),
        })
    };
    lines.iter().filter_map(split).collect()
}
