//! Whether one cgroup has kernel-memory accounting, decided by `memory.kmem.slabinfo`.
//!
//! The content of that file has changed with the kernel (`mm/memcontrol.c`, `mm/slab_common.c`):
//!
//! | kernel | accounting is on | accounting is off |
//! |---|---|---|
//! | 3.8 to 3.18, so `CentOS` 7 | a header and a line for each slab cache | reading fails with EIO |
//! | 3.19 to 5.8 | a header and a line for each slab cache | a header, as for a cgroup without slab caches |
//! | from 5.9 | nothing | nothing |
//!
//! Up to 4.5, accounting is off in a cgroup until a program sets `memory.kmem.limit_in_bytes`. From 4.6 on, the kernel
//! accounts in every cgroup but the root by itself, unless `cgroup.memory=nokmem` is set.

use std::ffi::CStr;
use std::io;

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use serde::Serialize;

/// What was found about a cgroup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Accounting {
    /// Accounting is on.
    On,
    /// Accounting is off.
    Off,
    /// Could not be determined.
    CannotTell,
    /// The kernel has no such file, so it has no memory controller or no kernel-memory controller.
    NoController,
}

/// The evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The file lists slab caches of this cgroup.
    SlabCaches,
    /// The file can be read, even if it has only a header, on a kernel that refuses this when accounting is off.
    Readable,
    /// `memory.kmem.usage_in_bytes` is not 0.
    Usage,
    /// Reading the file fails with EIO.
    Refused,
    /// The file is empty, as always from kernel 5.9 on.
    Empty,
    /// The file has only a header, which kernels 3.19 to 5.8 always print.
    HeadOnly,
    /// The file is not in any form that a kernel writes.
    Strange,
    /// The file could not be read.
    Unreadable,
    /// The file does not exist.
    Missing,
}

impl Reason {
    /// The conclusion from it.
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

    /// A sentence for people.
    pub fn text(self) -> &'static str {
        match self {
            Self::SlabCaches => "memory.kmem.slabinfo lists slab caches of this cgroup",
            Self::Readable => {
                "memory.kmem.slabinfo can be read, which this kernel only allows when accounting is on"
            }
            Self::Usage => "memory.kmem.usage_in_bytes is not 0",
            Self::Refused => "reading memory.kmem.slabinfo fails with an input/output error",
            Self::Empty => "memory.kmem.slabinfo is empty, as always from kernel 5.9 on",
            Self::HeadOnly => {
                "memory.kmem.slabinfo has only a header, which kernels 3.19 to 5.8 always print"
            }
            Self::Strange => "memory.kmem.slabinfo has an unknown form",
            Self::Unreadable => "could not read memory.kmem.slabinfo",
            Self::Missing => "memory.kmem.slabinfo not found: no kernel-memory controller",
        }
    }
}

/// Whether the kernel refuses to read the file when accounting is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RefusesWhenOff(pub(super) bool);

/// Does not wait for the other end of a pipe, and does not follow links.
const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::CLOEXEC)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK);
const HEAD: &[u8] = b"slabinfo - version:";

/// Judges the cgroup at `folder`. The file is read into `buffer`; its first bytes are enough.
///
/// # Errors
/// An error of reading that proves nothing about accounting: the caller checks whether the cgroup is gone.
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

/// The first bytes of a file, as many as one call returns.
pub(super) fn read_start<'b>(
    folder: impl AsFd,
    name: &CStr,
    buffer: &'b mut [u8],
) -> Result<&'b [u8], Errno> {
    let file = rustix::fs::openat(folder, name, FILE, Mode::empty())?;
    let count = rustix::io::retry_on_intr(|| rustix::io::read(&file, &mut *buffer))?;
    Ok(&buffer[..count])
}
