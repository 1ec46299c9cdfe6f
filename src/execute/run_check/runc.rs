//! The check of a runc: it runs `true` in a container with a memory limit.

use std::io;

use serde_json::json;

use super::archive::Archive;
use super::place::{DIRECTORY, PROGRAM};

/// The container's memory limit, in bytes: enough for a shell.
const MEMORY: u64 = 64 << 20;

/// Adds the bundle of the container. [`preparation`] adds the one program of its root file system.
pub(super) fn add_bundle(archive: &mut Archive, architecture: &str) -> io::Result<()> {
    for directory in ["bin", "dev", "proc"] {
        archive.directory(&format!("bundle/rootfs/{directory}"))?;
    }
    archive.directory("state")?;
    archive.file("bundle/config.json", &config(architecture))
}

/// Copies the program of the container from the image.
pub(super) fn preparation() -> String {
    format!("cp /bin/busybox /{DIRECTORY}/bundle/rootfs/bin/busybox")
}

/// Makes the container, runs it and removes it. A session keyring and a change of the root are refused to containers by the
/// engine's filter of system calls, which stays in force; neither has to do with cgroups.
pub(super) fn command() -> Vec<String> {
    let [state, bundle] = ["state", "bundle"].map(|name| format!("/{DIRECTORY}/{name}"));
    let words = [
        PROGRAM,
        "--root",
        &state,
        "run",
        "--no-new-keyring",
        "--no-pivot",
        "--bundle",
        &bundle,
        "kmembuild",
    ];
    words.map(str::to_owned).to_vec()
}

/// The configuration of a container with a memory limit. It avoids everything else that may be refused inside a
/// container: a negative OOM score, resource limits, a network namespace.
fn config(architecture: &str) -> String {
    json!({
        "ociVersion": "1.0.0",
        // Required by runc up to rc3.
        "platform": {"os": "linux", "arch": architecture},
        "process": {
            "terminal": false,
            "user": {"uid": 0, "gid": 0},
            "args": ["/bin/busybox", "true"],
            "env": ["PATH=/bin"],
            "cwd": "/",
        },
        "root": {"path": "rootfs"},
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"},
        ],
        "linux": {
            "cgroupsPath": "/kmembuild-run-check",
            "resources": {"memory": {"limit": MEMORY}},
            "namespaces": [
                {"type": "mount"},
                {"type": "pid"},
                {"type": "ipc"},
                {"type": "uts"},
            ],
        },
    })
    .to_string()
}
