//! What the kernel reports about itself and its cgroups.

use std::fs;
use std::path::Path;

/// A text from the kernel, or why it could not be read.
pub type Read = Result<String, String>;

/// What was read below `/proc`.
#[derive(Debug, Clone)]
pub struct Node {
    /// `sys/kernel/osrelease`, e.g. `3.10.0-1127.el7.x86_64`.
    pub kernel: Read,
    /// `cmdline`: the kernel's command line.
    pub command_line: Read,
    /// `self/mountinfo`: the mounts.
    pub mounts: Read,
    /// `cgroups`: the controllers, and the number of cgroups of each.
    pub controllers: Read,
}

impl Node {
    /// Reads those of this machine. The release is the one that `uname` reports, as everywhere in this tool.
    pub fn of_this_machine() -> Self {
        let release = rustix::system::uname();
        Self {
            kernel: Ok(release.release().to_string_lossy().into_owned()),
            ..Self::read(Path::new("/proc"))
        }
    }

    /// Reads below `proc`, which is `/proc` on the running host. What could not be read is part of the result.
    pub fn read(proc: &Path) -> Self {
        let read = |name: &str| {
            let path = proc.join(name);
            // Bytes that are not text, e.g. in the name of a mounted directory, do not affect the rest.
            let text = fs::read(&path);
            text.map(|text| String::from_utf8_lossy(&text).trim_end().to_owned())
                .map_err(|error| format!("could not read {}: {error}", path.display()))
        };
        Self {
            kernel: read("sys/kernel/osrelease"),
            command_line: read("cmdline"),
            mounts: read("self/mountinfo"),
            controllers: read("cgroups"),
        }
    }
}
