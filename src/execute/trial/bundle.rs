//! What a trial needs in its container: the program, and a container for it to make.

use std::fs::File;
use std::io::{self, Seek as _};
use std::path::Path;

use futures_util::StreamExt;
use serde_json::json;
use tokio_util::io::ReaderStream;

use crate::engine::ByteStream;

/// Folder in the container, below its root, that all of it is in.
pub(super) const FOLDER: &str = "trial";
/// The container's memory limit, in bytes: enough for a shell.
const MEMORY: u64 = 64 << 20;
/// Every user may run the program.
const PROGRAM: u32 = 0o755;

/// The archive, to be unpacked at the root, of the program at `file` as `program` and of a bundle whose container runs
/// `busybox true`. Its root file system still lacks busybox, which the image has.
pub(super) fn archive(file: &Path, architecture: &str) -> io::Result<ByteStream> {
    let mut archive = tar::Builder::new(tempfile::tempfile()?);
    let mut program = File::open(file)?;
    let mut header = tar::Header::new_gnu();
    header.set_mode(PROGRAM);
    header.set_size(program.metadata()?.len());
    archive.append_data(&mut header, format!("{FOLDER}/program"), &mut program)?;
    for folder in [
        "bundle/rootfs/bin",
        "bundle/rootfs/dev",
        "bundle/rootfs/proc",
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Directory);
        header.set_mode(PROGRAM);
        header.set_size(0);
        archive.append_data(&mut header, format!("{FOLDER}/{folder}"), io::empty())?;
    }
    let config = config(architecture);
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o644);
    header.set_size(config.len() as u64);
    archive.append_data(
        &mut header,
        format!("{FOLDER}/bundle/config.json"),
        config.as_bytes(),
    )?;
    let mut packed = archive.into_inner()?;
    packed.rewind()?;
    Ok(ReaderStream::new(tokio::fs::File::from_std(packed)).boxed())
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
