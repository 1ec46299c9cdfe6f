//! An ordinary user with subordinate ids, who exists in a mount namespace of one command only: nothing of this machine is
//! changed.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::preflight::installed;

/// The user's id, and that of the user's own group.
pub const USER: u32 = 54_321;
/// The user's name.
pub const NAME: &str = "builder";
/// Subordinate ids, as in `/etc/subuid`.
pub const IDS: &str = "builder:1000000000:65536";

/// Gives the user what lists users, and becomes the user.
const SCRIPT: &str = r#"
set -eu
place=$1 ids=$2 name=$3 user=$4
shift 4
{ cat /etc/passwd; echo "$name:x:$user:$user::$place/home:/bin/sh"; } >"$place/passwd"
{ cat /etc/group; echo "$name:x:$user:"; } >"$place/group"
echo "$ids" >"$place/subuid"
echo "$ids" >"$place/subgid"
for list in passwd group subuid subgid; do
    mount --bind "$place/$list" "/etc/$list"
done
exec setpriv --reuid "$user" --regid "$user" --clear-groups -- "$@"
"#;

/// The user of one test.
pub struct OrdinaryUser {
    /// Of root: what lists users, and programs.
    place: PathBuf,
}

impl OrdinaryUser {
    /// The user, to whom the directory and everything in it belongs from now on.
    pub fn of(directory: &Path) -> Self {
        let place = directory.join("of-root");
        fs::create_dir(&place).expect("a directory");
        give(directory);
        Self { place }
    }

    /// A command of the user, whose subordinate ids are those.
    pub fn command(&self, ids: &str, program: impl AsRef<std::ffi::OsStr>) -> Command {
        for name in ["newuidmap", "setpriv"] {
            installed(name);
        }
        let mut command = installed("unshare");
        command
            .args(["--mount", "sh", "-c", SCRIPT, "sh"])
            .arg(&self.place)
            .args([ids, NAME, &USER.to_string()])
            .arg(program);
        command
    }

    /// A program where the user can run it, wherever it has been compiled.
    pub fn program(&self, path: &str) -> PathBuf {
        let own = self
            .place
            .join(Path::new(path).file_name().expect("a name"));
        if !own.exists() && fs::hard_link(path, &own).is_err() {
            fs::copy(path, &own).expect("a copy of the program");
        }
        own
    }
}

/// Gives the user a directory and everything in it.
pub fn give(directory: &Path) {
    chown(directory, Some(USER), Some(USER)).expect("an owner");
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(directory, mode).expect("permissions");
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).expect("a directory") {
            let entry = entry.expect("an entry");
            let path = entry.path();
            std::os::unix::fs::lchown(&path, Some(USER), Some(USER)).expect("an owner");
            if entry.file_type().expect("a kind").is_dir() {
                directories.push(path);
            }
        }
    }
}
