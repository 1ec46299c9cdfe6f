//! The user namespace of an ordinary user. In it the user is root, and every other id is one of the user's subordinate ids: the
//! files of an image have the owners that they should have, and on this machine nobody gains a right.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{getegid, geteuid};
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space};

use super::subordinate::{Kind, ranges};
use super::words::{INSIDE, KEEPER, MAPPED, MAPPING};
use crate::engine::error::EngineError;

/// Programs that give a process its users and its groups.
const MAPPERS: [&str; 2] = ["newuidmap", "newgidmap"];

/// The ids of this user's namespaces: every one that is made has the same.
#[derive(Debug, Clone)]
pub(super) struct UserNamespace {
    keeper: PathBuf,
    /// Which users of the namespace are which ones of this machine: `inside:outside:count`, by commas.
    users: String,
    groups: String,
}

impl UserNamespace {
    /// The one that this user can have. Nothing is made yet.
    pub(super) fn find(keeper: &Path, search: Option<&OsStr>) -> Result<Self, EngineError> {
        let directories: Vec<_> = search
            .map(std::env::split_paths)
            .into_iter()
            .flatten()
            .collect();
        let is_there = |name: &&str| directories.iter().any(|place| place.join(name).is_file());
        if !MAPPERS.iter().all(is_there) {
            return Err(EngineError::NoIdMappers);
        }
        Ok(Self {
            keeper: keeper.to_owned(),
            users: ranges(Kind::User, geteuid().as_raw())?,
            groups: ranges(Kind::Group, getegid().as_raw())?,
        })
    }

    /// A keeper in a new namespace; its task is still to be told.
    pub(super) fn command(&self) -> Command {
        let mut command = self.keeper();
        command.arg(MAPPED).arg(&self.users).arg(&self.groups);
        command
    }

    /// A process in the namespaces of a keeper that lives; its task is still to be told.
    pub(super) fn inside(&self, process: u32) -> Command {
        let mut command = self.keeper();
        command.arg(INSIDE).arg(process.to_string());
        command
    }

    fn keeper(&self) -> Command {
        let mut command = Command::new(&self.keeper);
        command
            .arg0(KEEPER)
            // Ctrl-C in a terminal is for the tool, which then ends what it has begun.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }
}

/// Takes this process into a new user namespace with those ids. It must have one thread only.
pub(super) fn enter(users: &OsStr, groups: &OsStr) -> io::Result<()> {
    // Ids are given from outside, by programs that root has allowed to.
    let mut mapping = Command::new("/proc/self/exe")
        .arg0(KEEPER)
        .arg(MAPPING)
        .arg(std::process::id().to_string())
        .args([users, groups])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut go = mapping.stdin.take();
    let made = unshare(UnshareFlags::NEWUSER).and_then(|()| match &mut go {
        Some(go) => go.write_all(b"\n"),
        None => Err(io::ErrorKind::BrokenPipe.into()),
    });
    drop(go);
    let mapped = mapping.wait_with_output()?;
    made?;
    if mapped.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&mapped.stderr);
    Err(io::Error::other(said.trim().to_owned()))
}

/// Gives a process its ids, as soon as it has its namespace: at the first byte of standard input. Returns the exit code.
pub(super) fn map(words: &[OsString]) -> u8 {
    let [process, maps @ ..] = words else {
        return 1;
    };
    if !matches!(io::stdin().lock().read(&mut [0]), Ok(1)) {
        // There is none.
        return 1;
    }
    for (program, map) in MAPPERS.iter().zip(maps) {
        let map = map.to_string_lossy();
        let status = Command::new(program)
            .arg(process)
            .args(map.split([',', ':']))
            .stdin(Stdio::null())
            .status();
        match status {
            Ok(status) if status.success() => {}
            Ok(status) => {
                let _ = writeln!(io::stderr(), "{program}: {status}");
                return 1;
            }
            Err(error) => {
                let _ = writeln!(io::stderr(), "could not run {program}: {error}");
                return 1;
            }
        }
    }
    0
}

/// Takes this process into the user and mount namespaces of a process. It must have one thread only.
pub(super) fn join(process: &OsStr) -> io::Result<()> {
    let place = Path::new("/proc").join(process).join("ns");
    let (users, mounts) = (
        File::open(place.join("user"))?,
        File::open(place.join("mnt"))?,
    );
    move_into_link_name_space(users.as_fd(), Some(LinkNameSpaceType::User))?;
    move_into_link_name_space(mounts.as_fd(), Some(LinkNameSpaceType::Mount))?;
    Ok(())
}

#[expect(
    deprecated,
    reason = "what makes it unsafe, unsharing the table of files, is not asked for"
)]
fn unshare(what: UnshareFlags) -> io::Result<()> {
    Ok(rustix::thread::unshare(what)?)
}
