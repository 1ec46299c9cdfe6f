//! The runs of this machine.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::registrations::{EngineNote, KEPT, RUNNING, identity};
use super::script_leftovers::ScriptLeftovers;

/// How often a registration is made anew when a sweep takes it for that of a dead run before it is locked.
const ATTEMPTS: usize = 10;

/// A run of this machine. Its file stays locked for as long as its process lives, however the process ends.
#[derive(Debug)]
pub struct Run {
    id: String,
    registered_in: Option<String>,
    file: PathBuf,
    leaves_something: AtomicBool,
    has_notes: AtomicBool,
    lock: File,
}

impl Run {
    /// Registers a run of this process in the directory `folder`. What it makes, it makes on the engine at `engine`.
    ///
    /// # Errors
    /// The system's error when the directory cannot be written.
    pub fn begin(folder: &Path, engine: &str) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let (id, file, lock) = register(folder)?;
        let run = Self {
            id,
            registered_in: identity(folder),
            file,
            leaves_something: AtomicBool::new(false),
            has_notes: AtomicBool::new(false),
            lock,
        };
        let engine = EngineNote {
            engine: engine.to_owned(),
        };
        run.write(&serde_json::to_string(&engine)?)?;
        Ok(run)
    }

    /// The run's id, for labels and names.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What tells the directory that it is registered in from all others, for a label; `None` where nothing does.
    pub fn registered_in(&self) -> Option<&str> {
        self.registered_in.as_deref()
    }

    /// Records in the run's registration what upstream's script will leave behind.
    ///
    /// # Errors
    /// The system's error.
    pub fn note(&self, left: &ScriptLeftovers) -> io::Result<()> {
        self.write(&serde_json::to_string(left)?)?;
        self.has_notes.store(true, Ordering::Relaxed);
        self.lock.sync_all()
    }

    fn write(&self, line: &str) -> io::Result<()> {
        (&self.lock).write_all(format!("{line}\n").as_bytes())
    }

    /// Whether something was recorded.
    pub fn has_notes(&self) -> bool {
        self.has_notes.load(Ordering::Relaxed)
    }

    /// Records that a session of this run may be left on the engine. The run's registration then outlives the run, so that
    /// the next run and `clean` recognise a dead run of this machine and remove the session.
    pub fn leaves_something(&self) {
        self.leaves_something.store(true, Ordering::Relaxed);
    }

    /// Ends the run and marks its registration as kept, so that only `clean` removes its session.
    pub fn end_and_keep(self) {
        let _ = fs::rename(&self.file, self.file.with_extension(KEPT));
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if !self.leaves_something.load(Ordering::Relaxed) {
            // Already renamed when the session is kept.
            let _ = fs::remove_file(&self.file);
        }
    }
}

/// Makes and locks a file in `folder`; returns the id that its name has, its path and the lock.
fn register(folder: &Path) -> io::Result<(String, PathBuf, File)> {
    let mut attempt = 1;
    loop {
        // The temporary file's name makes the id unique on this machine.
        let named = tempfile::Builder::new()
            .prefix("")
            .rand_bytes(10)
            .suffix(&format!(".{RUNNING}"))
            .tempfile_in(folder)?;
        let (lock, path) = named.keep().map_err(|kept| kept.error)?;
        lock.lock()?;
        let id = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default()
            .to_lowercase();
        let file = folder.join(format!("{id}.{RUNNING}"));
        match fs::rename(&path, &file) {
            // A sweep found it before it was locked.
            Err(error) if error.kind() == io::ErrorKind::NotFound && attempt < ATTEMPTS => {
                attempt += 1;
            }
            Err(error) => return Err(error),
            Ok(()) => return Ok((id, file, lock)),
        }
    }
}
