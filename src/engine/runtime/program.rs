//! The OCI runtime on this machine.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use super::cgroups::Cgroups;
use super::record::is_kept;
use super::rights::Rights;
use super::words::{EXECUTE, HIDING, KEEPER, REAPING};
use crate::engine::EngineError;

/// Runtimes that are looked for, in this order: the first starts containers in the least time and memory.
pub(super) const KNOWN: [&str; 3] = ["crun", "runc", "youki"];
/// Beginning of the version of the one that works without cgroups.
const CRUN: &str = "crun ";
/// Beginning of the version of the one that works without them in a user namespace.
const RUNC: &str = "runc ";
/// Characters of a version that are told.
const LONGEST_VERSION: usize = 60;
/// Longest time that a runtime has to say its version.
const LIMIT: Duration = Duration::from_secs(10);
/// Longest time that the end of a container takes.
const REMOVAL_LIMIT: Duration = Duration::from_secs(50);
/// Time between two checks.
const REMOVAL_PAUSE: Duration = Duration::from_millis(20);

/// A runtime that works.
#[derive(Debug, Clone)]
pub(super) struct Program {
    pub path: PathBuf,
    /// Its name and version, e.g. `crun 1.8.1`.
    pub version: String,
    pub cgroups: Cgroups,
    /// Whether it must not see the second version of cgroups.
    pub hides_unified: bool,
    pub rights: Rights,
    /// The program that can hide it.
    keeper: PathBuf,
}

impl Program {
    /// The program at `given`, or the first known one in the directories of `search`.
    pub(super) async fn find(
        given: Option<&Path>,
        search: Option<&OsStr>,
        keeper: &Path,
        rights: Rights,
    ) -> Result<Self, EngineError> {
        let path = match given {
            Some(path) => path.to_owned(),
            None => look_up(search).ok_or(EngineError::NoRuntime)?,
        };
        let fails = |source: io::Error| EngineError::RuntimeFails {
            path: path.clone(),
            source,
        };
        let asked = tokio::process::Command::new(&path)
            .arg("--version")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .output();
        let answer = tokio::time::timeout(LIMIT, asked).await;
        let answer = answer.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        let answer = answer.map_err(fails)?;
        let text = String::from_utf8_lossy(&answer.stdout);
        let version = version(&text).filter(|_| answer.status.success());
        let version =
            version.ok_or_else(|| fails(io::Error::other("it does not say its version")))?;
        let cgroups = Cgroups::look();
        let program = Self {
            hides_unified: version.starts_with(CRUN) && cgroups.has_unified_controllers(),
            keeper: keeper.to_owned(),
            rights,
            version,
            cgroups,
            path,
        };
        if !program.cgroups.can_be_made() && !program.is_crun() && !program.is_rootless_runc() {
            let text = "it requires cgroups, which cannot be made here";
            return Err(EngineError::RuntimeFails {
                path: program.path,
                source: io::Error::other(text),
            });
        }
        Ok(program)
    }

    fn is_crun(&self) -> bool {
        self.version.starts_with(CRUN)
    }

    /// It can do without cgroups only for an ordinary user.
    fn is_rootless_runc(&self) -> bool {
        self.version.starts_with(RUNC) && self.rights.namespace().is_some()
    }

    /// The program and the options that it always has.
    pub(super) fn words(&self, state: &Path) -> Vec<OsString> {
        let mut words = vec![self.path.clone().into(), "--root".into(), state.into()];
        if self.is_rootless_runc() {
            words.push("--rootless=true".into());
        } else if !self.cgroups.can_be_made() {
            words.push("--cgroup-manager=disabled".into());
        }
        words
    }

    /// The runtime beside all containers.
    pub(super) fn command(&self, state: &Path) -> tokio::process::Command {
        let mut command = if let Rights::Mapped(namespace) = &self.rights {
            let mut command = namespace.command();
            let word = if self.hides_unified { HIDING } else { EXECUTE };
            command.arg(word).arg(&self.path);
            command.into()
        } else if self.hides_unified {
            let mut command = tokio::process::Command::new(&self.keeper);
            command.arg0(KEEPER).arg(HIDING).arg(&self.path);
            command
        } else {
            tokio::process::Command::new(&self.path)
        };
        command.args(&self.words(state)[1..]);
        command
    }

    /// The runtime for a command in a container whose keeper is that process. It leaves processes of the container behind,
    /// whose end has to be waited for: the container does not end before, and the first process of a machine or of a container
    /// around this one does that late, or never.
    pub(super) fn command_in(&self, state: &Path, keeper: u32) -> tokio::process::Command {
        if let Rights::Mapped(namespace) = &self.rights {
            let mut command = namespace.inside(keeper);
            command.args([REAPING, EXECUTE]).args(self.words(state));
            return command.into();
        }
        let word = if self.hides_unified { HIDING } else { EXECUTE };
        let mut command = tokio::process::Command::new(&self.keeper);
        command
            .arg0(KEEPER)
            .args([REAPING, word])
            .args(self.words(state));
        command
    }

    /// Ends a container, if there is one by that name, and waits until its keeper has ended. Not there is success.
    async fn remove(&self, state: &Path, name: &OsStr, directory: &Path) -> io::Result<()> {
        let asked = tokio::time::Instant::now();
        loop {
            if state.join(name).exists() {
                // What there is no more cannot be removed; whether it is gone is looked at below.
                let _ = self
                    .command(state)
                    .args(["delete", "--force"])
                    .arg(name)
                    .stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .status()
                    .await?;
            }
            if !is_kept(directory) && !state.join(name).exists() {
                return Ok(());
            }
            if asked.elapsed() > REMOVAL_LIMIT {
                return Err(io::Error::other("its container does not end"));
            }
            tokio::time::sleep(REMOVAL_PAUSE).await;
        }
    }

    /// Ends the container of the session in that directory, if there is one, and removes the directory.
    pub(super) async fn remove_session(&self, state: &Path, directory: &Path) -> io::Result<()> {
        let name = directory.file_name().unwrap_or_default();
        self.remove(state, name, directory).await?;
        let (rights, directory) = (self.rights.clone(), directory.to_owned());
        let removed = tokio::task::spawn_blocking(move || rights.remove(&directory)).await;
        removed.unwrap_or_else(|error| Err(io::Error::other(error)))
    }
}

/// The first known runtime in the directories of a search path.
fn look_up(search: Option<&OsStr>) -> Option<PathBuf> {
    let directories: Vec<_> = std::env::split_paths(search?)
        .filter(|directory| directory.is_absolute())
        .collect();
    let places = KNOWN.iter().flat_map(|name| {
        directories
            .iter()
            .map(move |directory| directory.join(name))
    });
    let mut files = places.filter(|path| path.is_file());
    files.next()
}

/// `crun version 1.8.1`, `runc version 1.1.5` and `youki version: 0.7.0` without the word in the middle.
fn version(text: &str) -> Option<String> {
    let mut words = text.lines().next()?.split_whitespace();
    let (name, word, number) = (words.next()?, words.next()?, words.next()?);
    if !matches!(word, "version" | "version:") {
        return None;
    }
    let version = format!("{name} {number}");
    let version: String = version
        .chars()
        .filter(|c| !c.is_control())
        .take(LONGEST_VERSION)
        .collect();
    Some(version)
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn a_runtime_says_its_name_and_version() {
        let crun = "crun version 1.8.1\ncommit: f8a096be\n";
        assert_eq!(version(crun).as_deref(), Some("crun 1.8.1"));
        assert_eq!(
            version("runc version 1.1.5+ds1\n").as_deref(),
            Some("runc 1.1.5+ds1")
        );
        let youki = "youki version: 0.7.0\ncommit: 0.7.0-VERGEN_IDEMPOTENT_OUTPUT\n";
        assert_eq!(version(youki).as_deref(), Some("youki 0.7.0"));
        assert_eq!(version("youki\n"), None);
        assert_eq!(version("true (GNU coreutils) 9.1\n"), None);
        assert_eq!(version(""), None);
    }
}
