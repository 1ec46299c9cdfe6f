//! Where it is read from: standard input, a file of text, or a program that is asked.

use std::fs::File;
use std::io::{IsTerminal as _, Read};
use std::path::Path;

use super::error::LikeError;
use super::reading::{LARGEST_TEXT, read, read_from};
use super::text::Speaker;
use super::{Like, Program};
use crate::verify::{ELF_MAGIC, VERSION_TIMEOUT, VersionRun, read_architecture, run_version};

/// The argument by which a program of Kubernetes tells its commit as well.
const RAW: &str = "--version=raw";

/// Reads what `given` names: `-` is standard input, which may not be a terminal; a program is run with each of
/// `attempts` until it tells its version; anything else is text. Blocks until all of it is there.
///
/// A program is run as [`run_version`] does it: as the calling user, with an empty environment, for a short time.
///
/// # Errors
/// A [`LikeError`] that names the input.
pub fn read_input(
    given: &Path,
    input_terminal: bool,
    attempts: &[Vec<String>],
) -> Result<Like, LikeError> {
    if given.as_os_str() == "-" {
        let input = "standard input".to_owned();
        if input_terminal {
            return Err(LikeError::Terminal { input });
        }
        let bytes = read_bounded(std::io::stdin().lock(), &input)?;
        return read(&bytes).map_err(|error| error.of(&input));
    }
    let input = given.display().to_string();
    let unreadable = |source| LikeError::Unreadable {
        input: input.clone(),
        source,
    };
    let mut file = File::open(given).map_err(unreadable)?;
    if file.is_terminal() {
        return Err(LikeError::Terminal { input });
    }
    let mut bytes = read_bounded((&mut file).take(ELF_MAGIC.len() as u64), &input)?;
    let like = if bytes == ELF_MAGIC {
        drop(file);
        ask(given, attempts)
    } else {
        bytes.extend(read_bounded(file, &input)?);
        read(&bytes)
    };
    like.map_err(|error| error.of(&input))
}

/// All of it, or just enough to see that it is too much.
fn read_bounded(reader: impl Read, input: &str) -> Result<Vec<u8>, LikeError> {
    let mut bytes = Vec::new();
    let read = reader.take(LARGEST_TEXT + 1).read_to_end(&mut bytes);
    read.map_err(|source| LikeError::Unreadable {
        input: input.to_owned(),
        source,
    })?;
    Ok(bytes)
}

/// Asks a program for its version.
fn ask(program: &Path, attempts: &[Vec<String>]) -> Result<Like, LikeError> {
    let architecture = match read_architecture(program).map_err(LikeError::ProgramUnreadable)? {
        Ok(architecture) => architecture,
        Err(format) => {
            return Err(LikeError::NoProgram {
                reason: format.to_string(),
            });
        }
    };
    let mut reasons = Vec::new();
    for arguments in attempts {
        match hear(program, arguments)? {
            Ok(like) => {
                let mut like = with_commit(program, like, arguments)?;
                // A program knows for what it was built; its file says for what it is.
                like.architecture = architecture.map(str::to_owned).or(like.architecture);
                return Ok(like);
            }
            Err(reason) => reasons.push(format!("{}: {reason}", arguments.join(" "))),
        }
    }
    Err(LikeError::NotTold {
        reasons: reasons.join("; "),
    })
}

/// What the program says with these arguments, or why it says nothing. It is an error when it cannot be run at all.
fn hear(program: &Path, arguments: &[String]) -> Result<Result<Like, String>, LikeError> {
    Ok(match run_version(program, arguments, VERSION_TIMEOUT) {
        VersionRun::NotRun { reason } => return Err(LikeError::NotRun { reason }),
        VersionRun::TimedOut {
            limit_milliseconds, ..
        } => Err(format!(
            "it had not ended after {} s",
            limit_milliseconds / 1000
        )),
        VersionRun::Ran {
            exit_code: None, ..
        } => Err("it was ended by a signal".to_owned()),
        VersionRun::Ran {
            exit_code: Some(0),
            output,
        } => read_from(output.as_bytes(), Speaker::Program).map_err(|error| match error {
            LikeError::Empty => "it prints nothing".to_owned(),
            error => format!("of what it prints, {error}"),
        }),
        VersionRun::Ran {
            exit_code: Some(code),
            ..
        } => Err(format!("it ended with code {code}")),
    })
}

/// The same with the commit, where it is a program of Kubernetes that was not asked for it.
fn with_commit(program: &Path, like: Like, asked: &[String]) -> Result<Like, LikeError> {
    let asks = like.program == Some(Program::Kubernetes) && like.commit.is_none();
    if !asks || asked.iter().any(|argument| argument == RAW) {
        return Ok(like);
    }
    let raw = hear(program, &[RAW.to_owned()])?;
    Ok(raw
        .ok()
        .filter(|raw| raw.version == like.version)
        .unwrap_or(like))
}
