//! With whose rights a program is run to be judged, and how it is kept from everything else.

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::thread::{self, ScopedJoinHandle};

use rustix::process::geteuid;
use rustix::thread::UnshareFlags;

/// The group `nogroup`: a program that is run as its owner has no rights of a group.
const NO_GROUP: u32 = 65_534;
/// Write permission for others than the owner and the group.
const WRITABLE_BY_OTHERS: u32 = 0o002;
/// Write permission for others than the owner.
const WRITABLE_BY_GROUP: u32 = 0o020;
/// In such a directory, only the owner of a file can replace it.
const STICKY: u32 = 0o1000;
/// The words before a program that give an ordinary user's program a network and process ids of its own.
const UNSHARE: [&str; 7] = [
    "--user",
    "--map-current-user",
    "--net",
    "--pid",
    "--fork",
    "--kill-child",
    "--",
];

/// The user that a program is run as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RunsAs {
    /// The user of this process.
    Caller,
    /// Its owner.
    Owner(u32),
}

/// With whose rights a program may be run: never with more than those of everybody who could have put it there. `path` has no
/// links.
///
/// # Errors
/// The reason, if it may not be run at all.
pub(super) fn runs_as(path: &Path) -> Result<RunsAs, String> {
    let look = |part: &Path| {
        fs::metadata(part).map_err(|error| format!("could not look at {}: {error}", part.display()))
    };
    let caller = geteuid().as_raw();
    let owner = look(path)?.uid();
    let mut below = owner;
    for part in path.ancestors() {
        let found = look(part)?;
        if is_changed_by_others(&found, &[0, owner], below) {
            return Err(format!(
                "other users can change {}; copy the program to a directory that only you can write to",
                part.display()
            ));
        }
        below = found.uid();
    }
    match owner {
        0 => Ok(RunsAs::Caller),
        owner if owner == caller => Ok(RunsAs::Caller),
        owner if caller == 0 => Ok(RunsAs::Owner(owner)),
        owner => Err(format!(
            "it belongs to another user (id {owner}), with whose rights only root could run it; copy it to run it as you"
        )),
    }
}

/// Whether somebody else than `owners` can change a file or a directory, or replace what is in it and belongs to `below`.
fn is_changed_by_others(found: &Metadata, owners: &[u32], below: u32) -> bool {
    if !owners.contains(&found.uid()) {
        return true;
    }
    let is_kept = found.is_dir() && found.mode() & STICKY != 0 && owners.contains(&below);
    // Where users have groups of their own, their directories can be written by the group.
    let by_group =
        found.mode() & WRITABLE_BY_GROUP != 0 && found.gid() != found.uid() && found.gid() != 0;
    (found.mode() & WRITABLE_BY_OTHERS != 0 || by_group) && !is_kept
}

/// Starts a program as that user, without the network of this machine, and in a space of process ids that ends with it: as far
/// as the kernel allows it.
pub(super) fn start(
    program: &Path,
    runs_as: RunsAs,
    prepare: impl Fn(&mut Command) -> io::Result<()> + Sync,
) -> io::Result<Child> {
    let spawn = |mut command: Command| {
        prepare(&mut command)?;
        if let RunsAs::Owner(user) = runs_as {
            command.uid(user).gid(NO_GROUP);
        }
        command.spawn()
    };
    let start = |program: &OsStr, words: &[&str]| {
        let mut command = Command::new(program);
        command.args(words);
        command
    };
    let plain = || start(program.as_os_str(), &[]);
    if !geteuid().is_root() {
        if !*IS_UNSHARE_ALLOWED {
            return spawn(plain());
        }
        let mut command = start(OsStr::new("unshare"), &UNSHARE);
        command.arg(program);
        return spawn(command);
    }
    // Namespaces are those of a thread; this one ends with the start.
    let apart = thread::scope(|scope| {
        let starting = thread::Builder::new().spawn_scoped(scope, || {
            leave(UnshareFlags::NEWNET);
            leave(UnshareFlags::NEWPID);
            spawn(plain())
        });
        starting.map(ScopedJoinHandle::join)
    });
    match apart? {
        Ok(Ok(child)) => Ok(child),
        // Kernels before 3.12 start nothing in this way.
        Ok(Err(error)) if error.raw_os_error() == Some(rustix::io::Errno::INVAL.raw_os_error()) => {
            spawn(plain())
        }
        Ok(Err(error)) => Err(error),
        Err(_) => Err(io::Error::other("the thread that starts it panicked")),
    }
}

/// Gives this thread, and what it starts, a namespace of its own where it can be had.
#[expect(
    deprecated,
    reason = "what is unsafe about it are shared file descriptors, which no flag here separates"
)]
fn leave(namespace: UnshareFlags) {
    let _ = rustix::thread::unshare(namespace);
}

/// Whether this user may make namespaces, and the program for it is there.
static IS_UNSHARE_ALLOWED: LazyLock<bool> = LazyLock::new(|| {
    let mut command = Command::new("unshare");
    command.args(UNSHARE).arg("true");
    let command = command.stdin(Stdio::null()).stdout(Stdio::null());
    let tried = command.stderr(Stdio::null()).status();
    tried.is_ok_and(|status| status.success())
});

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_others_can_change_is_not_run() {
        let directory = tempfile::tempdir().expect("a directory");
        let directory = directory.path().canonicalize().expect("its path");
        let program = directory.join("program");
        fs::write(&program, "x").expect("written");
        let modes = |of_directory: u32, of_program: u32| {
            for (path, mode) in [(&directory, of_directory), (&program, of_program)] {
                fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
            }
            runs_as(&program)
        };
        assert_eq!(modes(0o755, 0o755), Ok(RunsAs::Caller));
        // As in /tmp.
        assert_eq!(modes(0o1777, 0o755), Ok(RunsAs::Caller));
        for (of_directory, of_program) in [(0o777, 0o755), (0o755, 0o757), (0o1777, 0o777)] {
            let refused = modes(of_directory, of_program).expect_err("others can change it");
            assert!(refused.starts_with("other users can change "), "{refused}");
        }
    }
}
