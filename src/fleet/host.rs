//! Names of hosts that are asked over SSH.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::str::FromStr;

use thiserror::Error;

use crate::regular_file;

/// Longest name with a user, in bytes.
const LONGEST: usize = 300;
/// Most bytes of a file of them.
const LARGEST_FILE: u64 = 16 << 20;

/// A host as `ssh` takes it: a name, an address or an entry of its configuration, with a user or without.
///
/// It has nothing that is an option for `ssh`, or that a shell would act on: the configuration of `ssh` may hand names to
/// one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SshHost(String);

/// A text that names no host.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{text:?} does not name a host: a name or an address is expected, or user@ and one of these"
)]
pub struct InvalidSshHost {
    /// The text.
    pub text: String,
}

impl SshHost {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SshHost {
    type Err = InvalidSshHost;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (user, host) = match text.split_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, text),
        };
        let is_word = |word: &str, more: &[char]| {
            let is_part = |c: char| c.is_ascii_alphanumeric() || more.contains(&c);
            !word.is_empty() && !word.starts_with('-') && word.chars().all(is_part)
        };
        let is_valid = text.len() <= LONGEST
            && user.is_none_or(|user| is_word(user, &['.', '-', '_']))
            && is_word(host, &['.', '-', '_', ':']);
        if is_valid {
            Ok(Self(text.to_owned()))
        } else {
            let text = text.chars().take(LONGEST).collect();
            Err(InvalidSshHost { text })
        }
    }
}

/// The name or the path of a program on another machine, which a shell there takes as one word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteProgram(String);

/// A text that is no such name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{text:?} is not the path of a program: letters, digits and `.`, `_`, `-`, `/` are expected"
)]
pub struct InvalidRemoteProgram {
    /// The text.
    pub text: String,
}

impl RemoteProgram {
    /// The name or path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RemoteProgram {
    type Err = InvalidRemoteProgram;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
        let is_valid = !text.is_empty() && !text.starts_with('-') && text.chars().all(is_part);
        if is_valid && text.len() <= LONGEST {
            Ok(Self(text.to_owned()))
        } else {
            let text = text.chars().take(LONGEST).collect();
            Err(InvalidRemoteProgram { text })
        }
    }
}

/// The hosts in a file: one a line; empty lines and those that begin with `#` do not count. The error of a line is its number
/// and why.
///
/// # Errors
/// If the file cannot be read.
pub fn read_hosts(path: &Path) -> io::Result<Result<Vec<SshHost>, (usize, InvalidSshHost)>> {
    let text = regular_file::read_text(path, LARGEST_FILE)?;
    let lines = text.lines().map(str::trim).enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let mut seen = BTreeSet::new();
    let mut hosts = Vec::new();
    for (index, line) in lines {
        match line.parse::<SshHost>() {
            Ok(host) if seen.insert(host.clone()) => hosts.push(host),
            Ok(_) => {}
            Err(error) => return Ok(Err((index + 1, error))),
        }
    }
    Ok(Ok(hosts))
}
