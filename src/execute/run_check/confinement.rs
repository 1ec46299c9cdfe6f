//! A user namespace for a runc that is run: root in it is nobody on the engine's host.
//!
//! Root without one can mount a `/proc` of its own and write the host's settings there, whatever else is taken from it.
//! In one it owns the container's part of the cgroups, and nothing else: files of the host's root, its settings among them,
//! stay closed to it, and the namespace's owner, who runs strace, is out of its reach.

use super::error::{Refusal, Stopped};
use super::place::DIRECTORY;
use crate::engine::Session;
use crate::execute::ask::ask;

/// How much of its host a program may have for the check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostPower {
    /// Nothing: it is run in a user namespace, or not at all.
    None,
    /// That of root, where it cannot be run without: a kubelet, which drives the engine, and a runc on a host without user
    /// namespaces.
    WhereNeeded,
}

/// User and group on the engine's host, as which the program's root acts: far above those of people, services and the ranges
/// of other containers.
const OUTSIDE: u32 = 2_000_000_000;
/// Makes the namespace and keeps it in a file. `readlink` tells when the process has left the namespace of this shell.
const MAKE: &str = r#"own=$(readlink /proc/self/ns/user) || exit 1
unshare --user sleep 60 </dev/null >/dev/null 2>/run-check/refused &
holder=$!
tries=100
until other=$(readlink "/proc/$holder/ns/user") && [ "$other" != "$own" ]; do
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ] || [ -s /run-check/refused ]; then
        cat /run-check/refused
        exit 1
    fi
    sleep 0.05
done
echo "0 $1 1" >"/proc/$holder/uid_map" && echo "0 $1 1" >"/proc/$holder/gid_map" &&
    : >/run-check/user && busybox mount --bind "/proc/$holder/ns/user" /run-check/user
made=$?
kill "$holder"
exit "$made""#;
/// Gives the program what it writes to: its directories and the container's own cgroups. Takes the engine's mounts over parts
/// of `/proc` away: the kernel lets nobody in a user namespace mount a `/proc` that shows more than the one that is there, and
/// a runc cannot unmount them.
const HAND_OVER: &str = r#"chown -R "$1:$1" /run-check/bundle /run-check/state || exit 1
for place in $(grep ' - cgroup ' /proc/self/mountinfo | cut -d ' ' -f 5); do
    chown "$1:$1" "$place" "$place/cgroup.procs" "$place/tasks" || exit 1
done
for place in $(cut -d ' ' -f 5 /proc/self/mountinfo | grep '^/proc/' | sort -r); do
    busybox umount "$place" || exit 1
done"#;

/// Makes the namespace, with the cgroups of the container writable already. Refuses a host that has none.
pub(super) async fn confine(session: &dyn Session) -> Result<(), Stopped> {
    let outside = OUTSIDE.to_string();
    for script in [MAKE, HAND_OVER] {
        let words = ["sh", "-c", script, "sh", &outside];
        let (exit, lines) = ask(session, &words).await?;
        if exit.code != 0 {
            let reason = lines.join("; ");
            return Err(Refusal::NoUserNamespace { reason }.into());
        }
    }
    Ok(())
}

/// The words before a command that run it as root of the namespace, with mounts of its own.
pub(super) fn inside() -> Vec<String> {
    let namespace = format!("--user=/{DIRECTORY}/user");
    let words = [
        "nsenter",
        &namespace,
        "--setuid",
        "0",
        "--setgid",
        "0",
        "--",
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "--",
    ];
    words.map(str::to_owned).to_vec()
}
