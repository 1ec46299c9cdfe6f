//! What the kernel says of itself and of its cgroups.

use std::fs;
use std::path::Path;

/// A text of the kernel's, or why it could not be read.
pub type Read = Result<String, String>;

/// What was read below `/proc`.
#[derive(Debug, Clone)]
pub struct Node {
    /// `sys/kernel/osrelease`, e.g. `3.10.0-1127.el7.x86_64`.
    pub kernel: Read,
    /// `cmdline`: the words that the kernel was started with.
    pub command_line: Read,
    /// `self/mountinfo`: what is mounted.
    pub mounts: Read,
    /// `cgroups`: the controllers, and how many cgroups each has.
    pub controllers: Read,
}

impl Node {
    /// Reads below `proc`, which is `/proc` on the running host. What cannot be read is part of the result.
    pub fn read(proc: &Path) -> Self {
        let read = |name: &str| {
            let path = proc.join(name);
            // A byte that is no text, as in the name of a mounted folder, says nothing about the rest.
            let text = fs::read(&path);
            text.map(|text| String::from_utf8_lossy(&text).trim_end().to_owned())
                .map_err(|error| format!("{} cannot be read: {error}", path.display()))
        };
        Self {
            kernel: read("sys/kernel/osrelease"),
            command_line: read("cmdline"),
            mounts: read("self/mountinfo"),
            controllers: read("cgroups"),
        }
    }
}
