//! What a session is made of and what is run in it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;

use super::guest_path::GuestPath;

/// Bytes of a tar archive on their way to or from an engine.
pub type ByteStream = BoxStream<'static, std::io::Result<Bytes>>;

/// A session to open.
#[derive(Debug, Clone)]
pub struct SessionSpec {
    /// Id of the image, never a name that can move.
    pub image: String,
    /// Its name; no other session on the engine may have it.
    pub name: String,
    /// Its host name; the engine's choice when not given.
    pub hostname: Option<String>,
    /// Its working directory; made if it does not exist.
    pub workdir: Workdir,
    /// Directories that are kept from session to session.
    pub caches: Vec<Cache>,
    /// Labels of the session. Those of its caches are the run's and the recipe's.
    pub labels: BTreeMap<String, String>,
    /// Its network.
    pub network: Network,
    /// What it may use.
    pub limits: Limits,
    /// What it may do beyond what every session may.
    pub privileges: Privileges,
    /// The session ends by itself after this time, even when the tool was killed.
    pub lifetime: Duration,
}

/// The directory that a session works in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Workdir {
    /// A directory of the image, with what the image holds there.
    OfImage(GuestPath),
    /// A directory of the session's own, removed with it, on storage that is good at many small files. It is empty at
    /// first: what the image holds there is hidden. Upstream's own images have a copy of their source there, and what
    /// lies beside the source would be compiled too.
    Scratch(GuestPath),
}

impl Workdir {
    /// Where it is.
    pub fn path(&self) -> &GuestPath {
        match self {
            Self::OfImage(path) | Self::Scratch(path) => path,
        }
    }
}

/// A directory that is kept from session to session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    /// What it is kept by: sessions that give the same key share it.
    pub key: String,
    /// Where it is in the session.
    pub path: GuestPath,
}

/// Whether a session reaches the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// Nothing but loopback.
    None,
    /// Whatever the engine's host reaches.
    Open,
}

/// What a session may use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Most memory, in bytes; swap is not added to it.
    pub memory: Option<u64>,
    /// Processors, in billionths of one.
    pub nano_cpus: Option<i64>,
}

/// What a session may do beyond what every session may. With either, whatever runs in it can do what it likes to the
/// engine's host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Privileges {
    /// Its programs may mount, and write to the session's part of the host's cgroups.
    pub makes_cgroups: bool,
    /// It has the engine's own socket where clients look for it. Only with [`super::Capabilities::has_host_socket`].
    pub drives_engine: bool,
}

/// One command in a session.
#[derive(Debug, Clone)]
pub struct Command {
    /// The step's name, for the events.
    pub step: String,
    /// Program and arguments; no shell is put around them.
    pub command: Vec<String>,
    /// Environment variables, added to those of the image.
    pub environment: BTreeMap<String, String>,
    /// Working directory.
    pub workdir: GuestPath,
    /// Whether [`ExitCause::OutOfMemory`] covers processes that the command started and survived. Finding that out may
    /// cost the engine another question, which a short look at something is not worth.
    pub counts_kills: bool,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// Exit code; 137 for a command that signal 9 killed.
    pub code: i64,
    /// Why it ended.
    pub cause: ExitCause,
}

/// Why a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitCause {
    /// By itself.
    Ended,
    /// The kernel killed a process of the session for lack of memory meanwhile. The command may have survived that, even
    /// with exit code 0.
    OutOfMemory,
    /// The lifetime of the session was over.
    TimedOut,
    /// The engine took the session away for reasons of its own.
    Evicted,
}

/// What the host of a session has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Memory of the host, in bytes.
    pub memory: u64,
    /// Free space on the disk that the session writes to, in bytes.
    pub disk: u64,
}

impl Room {
    /// That of this machine, for a session that writes into a directory of it.
    pub(super) fn here(directory: &Path) -> Option<Self> {
        let system = rustix::system::sysinfo();
        let disk = rustix::fs::statvfs(directory).ok()?;
        Some(Self {
            memory: system.totalram.saturating_mul(system.mem_unit.into()),
            disk: disk.f_bavail.saturating_mul(disk.f_frsize),
        })
    }
}

/// What a session has used since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Time of processors.
    pub cpu: Duration,
    /// Memory that it needs now, in bytes.
    pub memory: u64,
}
