//! Where the version is read from: standard input, a text file, or a program that is run.

use std::fs::File;
use std::io::{IsTerminal as _, Read};
use std::path::Path;

use super::error::LikeError;
use super::reading::{LARGEST_TEXT, read, read_from};
use super::reported::{Like, Program};
use super::text::TextOrigin;
use crate::verify::{ELF_MAGIC, VERSION_TIMEOUT, VersionRun, read_architecture, run_version};

/// The argument that makes a Kubernetes program print its commit, too.
const RAW: &str = "--version=raw";

/// Reads a version from `given`: `-` is standard input, which must not be a terminal; a program is run with each of
/// `attempts` until it prints its version; any other file is text. Blocks until everything is read.
///
/// A program is run in the same way as by [`run_version`]: as the calling user, with an empty environment, for a short
/// time.
///
/// # Errors
/// A [`LikeError`] that contains the name of the input.
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

/// The whole input, or just enough of it to see that it is too large.
fn read_bounded(reader: impl Read, input: &str) -> Result<Vec<u8>, LikeError> {
    let mut bytes = Vec::new();
    let read = reader.take(LARGEST_TEXT + 1).read_to_end(&mut bytes);
    read.map_err(|source| LikeError::Unreadable {
        input: input.to_owned(),
        source,
    })?;
    Ok(bytes)
}

/// Runs a program to get its version.
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
        match version_from(program, arguments)? {
            Ok(like) => {
                let mut like = with_commit(program, like, arguments)?;
                // The program prints the architecture that it was built for; its file shows the one that it runs on.
                like.architecture = architecture.map(str::to_owned).or(like.architecture);
                return Ok(like);
            }
            Err(reason) => reasons.push(format!("`{}`: {reason}", arguments.join(" "))),
        }
    }
    Err(LikeError::NotReported {
        reasons: reasons.join("; "),
    })
}

/// What the program prints with these arguments, or why it prints no version. It is an error if it cannot be run.
fn version_from(program: &Path, arguments: &[String]) -> Result<Result<Like, String>, LikeError> {
    Ok(match run_version(program, arguments, VERSION_TIMEOUT) {
        VersionRun::NotRun { reason } => return Err(LikeError::NotRun { reason }),
        VersionRun::TimedOut {
            limit_milliseconds, ..
        } => Err(format!(
            "it did not exit within {} s",
            limit_milliseconds / 1000
        )),
        VersionRun::Ran {
            exit_code: None, ..
        } => Err("it was killed by a signal".to_owned()),
        VersionRun::Ran {
            exit_code: Some(0),
            output,
        } => read_from(output.as_bytes(), TextOrigin::Program).map_err(|error| match error {
            LikeError::Empty => "it printed nothing".to_owned(),
            error => format!("what it printed was not usable: {error}"),
        }),
        VersionRun::Ran {
            exit_code: Some(code),
            ..
        } => Err(format!("it exited with code {code}")),
    })
}

/// The same with the commit, if it is a Kubernetes program that was not asked for it.
fn with_commit(program: &Path, like: Like, asked: &[String]) -> Result<Like, LikeError> {
    let asks = like.program == Some(Program::Kubernetes) && like.commit.is_none();
    if !asks || asked.iter().any(|argument| argument == RAW) {
        return Ok(like);
    }
    let raw = version_from(program, &[RAW.to_owned()])?;
    Ok(raw
        .ok()
        .filter(|raw| raw.version == like.version)
        .unwrap_or(like))
}
