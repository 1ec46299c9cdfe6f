//! Whether one cgroup has kernel-memory accounting, told by `memory.kmem.slabinfo`.
//!
//! What that file holds has changed with the kernel (`mm/memcontrol.c`, `mm/slab_common.c`):
//!
//! | kernel | accounting is on | accounting is off |
//! |---|---|---|
//! | 3.8 to 3.18, so CentOS 7 | a head and a line a slab cache | reading fails with EIO |
//! | 3.19 to 5.8 | a head and a line a slab cache | a head, as for a cgroup that has no slab cache yet |
//! | from 5.9 | nothing | nothing |

use std::ffi::CStr;
use std::io;

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use serde::Serialize;

/// What was found out about a cgroup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Accounting {
    /// It has accounting.
    On,
    /// It has none.
    Off,
    /// Nothing tells.
    CannotTell,
    /// The kernel has no such file, so either no memory controller or none of kernel memory.
    NoController,
}

/// By what it was found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The file lists slab caches that are this cgroup's own.
    SlabCaches,
    /// The file can be read, if only its head, on a kernel that refuses that when accounting is off.
    Readable,
    /// `memory.kmem.usage_in_bytes` is not 0.
    Usage,
    /// Reading the file fails with EIO.
    Refused,
    /// The file is empty, as always from kernel 5.9 on.
    Empty,
    /// The file has no more than its head, which kernels 3.19 to 5.8 print in any case.
    HeadOnly,
    /// The file is not like any that a kernel writes.
    Strange,
    /// The file could not be read.
    Unreadable,
    /// The file is not there.
    Missing,
}

impl Reason {
    /// What it comes to.
    pub fn accounting(self) -> Accounting {
        match self {
            Self::SlabCaches | Self::Readable | Self::Usage => Accounting::On,
            Self::Refused => Accounting::Off,
            Self::Empty | Self::HeadOnly | Self::Strange | Self::Unreadable => {
                Accounting::CannotTell
            }
            Self::Missing => Accounting::NoController,
        }
    }

    /// The sentence for a person.
    pub fn text(self) -> &'static str {
        match self {
            Self::SlabCaches => "memory.kmem.slabinfo lists slab caches of its own",
            Self::Readable => {
                "memory.kmem.slabinfo can be read, which this kernel refuses where accounting is off"
            }
            Self::Usage => "memory.kmem.usage_in_bytes is not 0",
            Self::Refused => "memory.kmem.slabinfo: input/output error",
            Self::Empty => {
                "memory.kmem.slabinfo is empty, as always from kernel 5.9 on, where it does not tell any more"
            }
            Self::HeadOnly => {
                "memory.kmem.slabinfo has no more than its head, which kernels 3.19 to 5.8 print in any case"
            }
            Self::Strange => "memory.kmem.slabinfo is not like what a kernel writes",
            Self::Unreadable => "memory.kmem.slabinfo cannot be read",
            Self::Missing => "there is no memory.kmem.slabinfo: no controller of kernel memory",
        }
    }
}

/// What the kernel's version says of a file with nothing but a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RefusesWhenOff(pub(super) bool);

/// Nobody waits for the other end of a pipe that someone put there, nor follows where a link leads.
const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::CLOEXEC)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK);
const HEAD: &[u8] = b"slabinfo - version:";

/// Judges the cgroup whose folder is `folder`. `buffer` is what is read into; the first bytes of the file are enough.
///
/// # Errors
/// What reading said, when that tells nothing about accounting: with it the caller finds out whether the cgroup is gone.
pub(super) fn judge(
    folder: &OwnedFd,
    kernel: RefusesWhenOff,
    buffer: &mut [u8],
) -> Result<Reason, io::Error> {
    let read = read_start(folder, c"memory.kmem.slabinfo", buffer);
    let text = match read {
        Ok(text) => text,
        Err(Errno::IO) => return Ok(Reason::Refused),
        Err(Errno::NOENT) => return Ok(Reason::Missing),
        Err(error) => return Err(error.into()),
    };
    if text.is_empty() {
        return Ok(Reason::Empty);
    }
    let mut lines = text.split(|&c| c == b'\n').filter(|line| !line.is_empty());
    if !lines.next().is_some_and(|line| line.starts_with(HEAD)) {
        return Ok(Reason::Strange);
    }
    if lines.any(|line| !line.starts_with(b"#")) {
        return Ok(Reason::SlabCaches);
    }
    if kernel.0 {
        return Ok(Reason::Readable);
    }
    let usage = read_start(folder, c"memory.kmem.usage_in_bytes", buffer);
    let counted = usage.is_ok_and(|text| text.iter().any(|c| matches!(c, b'1'..=b'9')));
    Ok(if counted {
        Reason::Usage
    } else {
        Reason::HeadOnly
    })
}

/// The first bytes of a file, as many as one call gives.
pub(super) fn read_start<'b>(
    folder: impl AsFd,
    name: &CStr,
    buffer: &'b mut [u8],
) -> Result<&'b [u8], Errno> {
    let file = rustix::fs::openat(folder, name, FILE, Mode::empty())?;
    let count = rustix::io::retry_on_intr(|| rustix::io::read(&file, &mut *buffer))?;
    Ok(&buffer[..count])
}
