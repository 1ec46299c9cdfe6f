//! What the system must let this process have before it starts anything: threads and open files.
//!
//! Where they are short, some libraries end the process in the middle of its work, and others say that a file is missing
//! that merely could not be opened. So it is tried first whether there are enough for every command.

use std::fs::File;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread;

use rustix::process::{Resource, getrlimit};
use thiserror::Error;

/// Files that can be open at the same time at least. A build has about thirty, and a few more for each further one.
const FILES: usize = 64;
/// Threads at the same time at least, for a command that fetches or builds: those of the runtime, one for each source that a
/// release fetches at a time, and as many again for what they wait for.
const THREADS: usize = 20;
/// The same for the other commands, which end within milliseconds: those of the runtime.
const FEW_THREADS: usize = 6;

/// The system does not let this process have what it needs.
#[derive(Debug, Error)]
pub enum LimitError {
    /// Too few files can be open at the same time.
    #[error("could not open {FILES} files at the same time{}", allowed(*limit))]
    Files {
        /// How many this process may have open.
        limit: Option<u64>,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Too few threads can be started.
    #[error("could not start {wanted} threads{}", allowed(*limit))]
    Threads {
        /// How many there have to be.
        wanted: usize,
        /// How many processes and threads the user may have, where there is such a limit.
        limit: Option<u64>,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl LimitError {
    /// What the user can do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Files { .. } => "raise the limit of open files, e.g. with `ulimit -n 1024`",
            Self::Threads { .. } => {
                "raise the limit of the user's processes (`ulimit -u`) or of the container's or service's (`--pids-limit`, `TasksMax=`), or end some of them"
            }
        }
    }
}

fn allowed(limit: Option<u64>) -> String {
    limit.map_or_else(String::new, |limit| format!(": the limit is {limit}"))
}

/// Tries whether there are enough, for a command that fetches or builds or for another one.
///
/// # Errors
/// [`LimitError`].
pub fn check(fetches: bool) -> Result<(), LimitError> {
    let wanted = if fetches { THREADS } else { FEW_THREADS };
    open_files(FILES).map_err(|source| LimitError::Files {
        limit: getrlimit(Resource::Nofile).current,
        source,
    })?;
    start_threads(wanted).map_err(|source| LimitError::Threads {
        wanted,
        limit: getrlimit(Resource::Nproc).current,
        source,
    })
}

/// Has so many files open at the same time.
fn open_files(number: usize) -> io::Result<()> {
    let first = File::open("/")?;
    let others: io::Result<Vec<_>> = (1..number).map(|_| first.try_clone()).collect();
    others.map(drop)
}

/// Has so many threads at the same time.
fn start_threads(number: usize) -> io::Result<()> {
    let gate = Mutex::new(());
    let closed = gate.lock();
    thread::scope(|scope| {
        let started = (0..number).try_for_each(|_| {
            let waiting = || drop(gate.lock().unwrap_or_else(PoisonError::into_inner));
            thread::Builder::new().spawn_scoped(scope, waiting)?;
            Ok(())
        });
        // They all end now.
        drop(closed);
        started
    })
}
