//! The directory in which the runs of this machine are registered: which of them are alive, and which have left nothing.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::script_leftovers::ScriptLeftovers;
use crate::checksum::sha256_hex;
use crate::engine::{LABEL_REGISTERED_IN, LABEL_RUN, Leftover};
use crate::regular_file;

/// Ending of the file of a run.
pub(super) const RUNNING: &str = "run";
/// Ending of the file of a run whose session is kept on request.
pub(super) const KEPT: &str = "kept";
/// Where Linux says which start of the system this is.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
/// Largest registration in bytes; one has a few lines.
const LARGEST: u64 = 1 << 20;

/// The line of a registration that says on which engine the run makes something.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct EngineNote {
    /// Address of the engine.
    pub(super) engine: String,
}

/// What is known of the run that something belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Its process lives.
    Alive,
    /// Its process ended, or was killed.
    Dead,
    /// It has ended, and its session is kept on request.
    Kept,
    /// It is registered elsewhere, if at all.
    NotOurs,
}

/// The directory of [`super::Run::begin`].
#[derive(Debug)]
pub struct Registrations<'a> {
    folder: &'a Path,
    identity: Option<String>,
}

/// What a run has left that is not a session.
pub(super) struct Registration {
    pub(super) run: String,
    pub(super) state: State,
    file: PathBuf,
    /// Whether all that it made is on the engine that was asked about.
    pub(super) is_here: bool,
    /// What upstream's scripts leave.
    pub(super) scripts: Vec<ScriptLeftovers>,
}

impl<'a> Registrations<'a> {
    /// Those in `folder`, which need not exist.
    pub fn of(folder: &'a Path) -> Self {
        Self {
            folder,
            identity: identity(folder),
        }
    }

    /// What is known of the run that made a thing.
    pub(super) fn state(&self, thing: &Leftover) -> State {
        match self.registered(run_of(thing)) {
            Some(state) => state,
            // It was registered here, and is not any more: its end removed the registration, or somebody did.
            None if self.are_of(thing) => State::Dead,
            None => State::NotOurs,
        }
    }

    /// Whether the run that made it was registered here, by its own word.
    fn are_of(&self, thing: &Leftover) -> bool {
        let place = thing.labels.get(LABEL_REGISTERED_IN);
        place.is_some() && place == self.identity.as_ref()
    }

    /// The state of a run with a registration here.
    fn registered(&self, run: &str) -> Option<State> {
        if run.is_empty() || run.contains(['/', '.']) {
            return None;
        }
        if self.folder.join(format!("{run}.{KEPT}")).exists() {
            return Some(State::Kept);
        }
        let file = match File::open(self.folder.join(format!("{run}.{RUNNING}"))) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            // As long as it cannot be looked at, nothing says that the run is dead.
            Err(_) => return Some(State::Alive),
        };
        Some(match file.try_lock_shared() {
            Ok(()) => State::Dead,
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => State::Alive,
        })
    }

    /// All of them, as far as they concern the engine at `address`.
    pub(super) fn list(&self, address: &str) -> Vec<Registration> {
        let entries = fs::read_dir(self.folder).into_iter().flatten().flatten();
        let files = entries.map(|entry| entry.path());
        files
            .filter_map(|file| {
                let ending = file.extension()?;
                if ending != RUNNING && ending != KEPT {
                    return None;
                }
                let run = file.file_stem()?.to_str()?.to_owned();
                let state = self.registered(&run)?;
                let text = regular_file::read_text(&file, LARGEST).ok()?;
                let engines = text.lines().filter_map(|line| {
                    let note: EngineNote = serde_json::from_str(line).ok()?;
                    Some(note.engine)
                });
                let is_here = engines.into_iter().all(|engine| engine == address);
                let scripts = text.lines();
                let scripts = scripts.filter_map(|line| serde_json::from_str(line).ok());
                Some(Registration {
                    run,
                    state,
                    is_here,
                    scripts: scripts.collect(),
                    file,
                })
            })
            .collect()
    }
}

impl Registration {
    /// Removes it, unless a run has it after all.
    pub(super) fn forget(&self) {
        let Ok(file) = File::open(&self.file) else {
            return;
        };
        // Held until it is gone: a run that has just made the file waits for the lock, and then makes another one.
        if file.try_lock().is_ok() {
            let _ = fs::remove_file(&self.file);
        }
    }
}

/// The run that made it.
pub(super) fn run_of(thing: &Leftover) -> &str {
    let run = thing.labels.get(LABEL_RUN);
    run.map(String::as_str).unwrap_or_default()
}

/// What tells a directory of this machine from all others for as long as the machine is not started anew. A copy of the
/// directory has another one, and so has a machine that was made from a copy of this one: whoever shares an engine with it
/// must not take its live runs for dead.
pub(super) fn identity(folder: &Path) -> Option<String> {
    let boot = fs::read_to_string(BOOT_ID).ok()?;
    let metadata = fs::metadata(folder).ok()?;
    let place = format!("{} {} {}", boot.trim(), metadata.dev(), metadata.ino());
    Some(sha256_hex(place.as_bytes())[..16].to_owned())
}
