//! The trial of a runc: it runs `true` in a container with a memory limit.

use std::io;

use serde_json::json;

use super::archive::Archive;
use super::{FOLDER, PROGRAM};

/// The container's memory limit, in bytes: enough for a shell.
const MEMORY: u64 = 64 << 20;

/// Adds the bundle of the container. Its root file system still lacks its one program, see [`preparation`].
pub(super) fn add_bundle(archive: &mut Archive, architecture: &str) -> io::Result<()> {
    for folder in ["bin", "dev", "proc"] {
        archive.folder(&format!("bundle/rootfs/{folder}"))?;
    }
    archive.file("bundle/config.json", &config(architecture))
}

/// Gives the container its program, which the image has.
pub(super) fn preparation() -> String {
    format!("cp /bin/busybox /{FOLDER}/bundle/rootfs/bin/busybox")
}

/// Makes the container, lets it run and removes it.
pub(super) fn command() -> Vec<String> {
    let [state, bundle] = ["state", "bundle"].map(|name| format!("/{FOLDER}/{name}"));
    let words = [
        PROGRAM,
        "--root",
        &state,
        "run",
        "--bundle",
        &bundle,
        "kmembuild",
    ];
    words.map(str::to_owned).to_vec()
}

/// The configuration of a container with a memory limit. It asks for nothing else that an engine's container may not
/// have: no negative score for the killer of processes, no limits of resources, no network of its own.
fn config(architecture: &str) -> String {
    json!({
        "ociVersion": "1.0.0",
        // runc up to rc3 wants to know.
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
            "cgroupsPath": "/kmembuild-trial",
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
