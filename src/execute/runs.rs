//! The runs of this machine: which are alive, and what dead ones left on the engine.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::script_leftovers::ScriptLeftovers;
use crate::engine::{
    Engine, EngineError, LABEL_DEADLINE, LABEL_RECIPE, LABEL_RUN, Leftover, LeftoverKind,
};

/// A run of this machine. Its file stays locked for as long as its process lives, however the process ends.
#[derive(Debug)]
pub struct Run {
    id: String,
    file: PathBuf,
    leaves_something: AtomicBool,
    has_notes: AtomicBool,
    lock: File,
}

impl Run {
    /// Registers a run of this process in the directory `folder`.
    ///
    /// # Errors
    /// The system's error when the directory cannot be written.
    pub fn begin(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        // The temporary file's name makes the id unique on this machine.
        let named = tempfile::Builder::new()
            .prefix("")
            .rand_bytes(10)
            .suffix(".run")
            .tempfile_in(folder)?;
        let (lock, path) = named.keep().map_err(|kept| kept.error)?;
        lock.lock()?;
        let id = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default()
            .to_lowercase();
        let file = folder.join(format!("{id}.run"));
        fs::rename(&path, &file)?;
        Ok(Self {
            id,
            file,
            leaves_something: AtomicBool::new(false),
            has_notes: AtomicBool::new(false),
            lock,
        })
    }

    /// The run's id, for labels and names.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Records in the run's registration what upstream's script will leave behind.
    ///
    /// # Errors
    /// The system's error.
    pub fn note(&self, left: &ScriptLeftovers) -> io::Result<()> {
        let text = serde_json::to_string(left)?;
        (&self.lock).write_all(format!("{text}\n").as_bytes())?;
        self.has_notes.store(true, Ordering::Relaxed);
        self.lock.sync_all()
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
        let _ = fs::rename(&self.file, self.file.with_extension("kept"));
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

/// What may be removed.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "five independent permissions"
)]
pub struct Sweep<'a> {
    /// Sessions of dead runs of this machine, sessions past their deadline, and what upstream's scripts left.
    pub dead_runs: bool,
    /// Sessions that were kept on request.
    pub kept: bool,
    /// Sessions of other machines before their deadline.
    pub foreign: bool,
    /// Compile caches.
    pub volumes: bool,
    /// Toolchain images that the tool made.
    pub images: bool,
    /// Only caches and images of this recipe.
    pub recipe: Option<&'a str>,
}

impl Sweep<'_> {
    /// What every build removes before it starts.
    pub const DEAD_RUNS: Self = Self {
        dead_runs: true,
        kept: false,
        foreign: false,
        volumes: false,
        images: false,
        recipe: None,
    };

    /// Whether this may be removed; `folder` is that of [`Run::begin`]. The engine itself knows whether a session uses a cache
    /// or an image.
    pub fn allows(&self, thing: &Leftover, folder: &Path) -> bool {
        let run = run_of(thing);
        let of_recipe = |allowed: bool| {
            let recipe = thing.labels.get(LABEL_RECIPE).map(String::as_str);
            // A session of a live run may be about to use it.
            allowed
                && (self.recipe.is_none() || self.recipe == recipe)
                && !matches!(state(folder, run), State::Alive)
        };
        match thing.kind {
            // A container without a deadline is not a session: somebody started it from an image of the tool, whose labels
            // it inherits.
            LeftoverKind::Container if !thing.labels.contains_key(LABEL_DEADLINE) => false,
            LeftoverKind::Container => {
                self.dead_runs
                    && match state(folder, run) {
                        State::Alive => false,
                        State::Dead => true,
                        State::Kept => self.kept,
                        State::NotOurs => self.foreign || past_deadline(thing),
                    }
            }
            LeftoverKind::Volume => of_recipe(self.volumes),
            LeftoverKind::Image => of_recipe(self.images),
        }
    }
}

/// The result of a sweep.
#[derive(Debug, Default)]
pub struct Swept {
    /// What was removed.
    pub removed: Vec<Leftover>,
    /// Caches and images that sessions use.
    pub in_use: Vec<Leftover>,
    /// What could not be removed, by its name for people, and why.
    pub failed: Vec<(String, EngineError)>,
}

/// Removes from `engine` what `sweep` allows; `folder` is that of [`Run::begin`]. What cannot be removed does not keep
/// the rest from being removed.
///
/// # Errors
/// The [`EngineError`] of an engine that cannot list its contents, or is gone.
pub async fn sweep(
    engine: &dyn Engine,
    folder: &Path,
    sweep: Sweep<'_>,
) -> Result<Swept, EngineError> {
    let mut leftovers = engine.leftovers().await?;
    // Sessions use caches and images.
    leftovers.sort_by_key(|thing| thing.kind);
    let left = if sweep.dead_runs {
        registered_left(folder, sweep, &engine.describe().address)
    } else {
        Vec::new()
    };
    let locks = folder.parent().map(|cache| cache.join("locks"));
    let mut swept = Swept::default();
    for thing in leftovers {
        if !sweep.allows(&thing, folder) {
            continue;
        }
        match engine.remove(&thing).await {
            Ok(()) => {
                let run = run_of(&thing);
                // The sessions of a run are removed first, and they are recognised by its registration.
                let is_known = left.iter().any(|(known, _, _)| known == run);
                if sweep.dead_runs && !is_known {
                    forget(folder, run);
                }
                swept.removed.push(thing);
            }
            Err(EngineError::InUse { .. }) => swept.in_use.push(thing),
            Err(error) => swept.fail(thing.name, error)?,
        }
    }
    // After the sessions that drive the scripts: a script that still runs makes more.
    for (_, file, left) in left {
        let mut is_gone = true;
        for left in left {
            let (removed, failed) = left.remove(engine, locks.as_deref()).await;
            swept.removed.extend(removed);
            is_gone &= failed.is_empty();
            for (name, error) in failed {
                swept.fail(name, error)?;
            }
        }
        if is_gone {
            let _ = fs::remove_file(file);
        }
    }
    Ok(swept)
}

impl Swept {
    /// Records what could not be removed; an engine that is gone cannot remove the rest either.
    fn fail(&mut self, name: String, error: EngineError) -> Result<(), EngineError> {
        match error {
            EngineError::Unreachable { .. } | EngineError::Lost { .. } => Err(error),
            error => {
                self.failed.push((name, error));
                Ok(())
            }
        }
    }
}

/// Registrations of dead runs, and of kept ones if allowed, whose scripts left something on the engine at `address`: the
/// run, its file, and what was left.
fn registered_left(
    folder: &Path,
    sweep: Sweep<'_>,
    address: &str,
) -> Vec<(String, PathBuf, Vec<ScriptLeftovers>)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path());
    files
        .filter_map(|file| {
            let run = file.file_stem()?.to_str()?.to_owned();
            let may_go = match state(folder, &run) {
                State::Dead => true,
                State::Kept => sweep.kept,
                State::Alive | State::NotOurs => false,
            };
            let text = fs::read_to_string(&file).ok().filter(|_| may_go)?;
            let left: Vec<ScriptLeftovers> = text
                .lines()
                .filter_map(|line| serde_json::from_str(line).ok())
                .collect();
            let here = !left.is_empty() && left.iter().all(|left| left.engine == address);
            here.then_some((run, file, left))
        })
        .collect()
}

/// The run that made it.
fn run_of(thing: &Leftover) -> &str {
    let run = thing.labels.get(LABEL_RUN);
    run.map(String::as_str).unwrap_or_default()
}

enum State {
    Alive,
    Dead,
    Kept,
    NotOurs,
}

fn state(folder: &Path, run: &str) -> State {
    if run.is_empty() || run.contains(['/', '.']) {
        return State::NotOurs;
    }
    if folder.join(format!("{run}.kept")).exists() {
        return State::Kept;
    }
    let Ok(file) = File::open(folder.join(format!("{run}.run"))) else {
        return State::NotOurs;
    };
    match file.try_lock_shared() {
        Ok(()) => State::Dead,
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => State::Alive,
    }
}

/// Removes the registration of a dead run that has left nothing.
fn forget(folder: &Path, run: &str) {
    if !matches!(state(folder, run), State::Alive) {
        let _ = fs::remove_file(folder.join(format!("{run}.run")));
        let _ = fs::remove_file(folder.join(format!("{run}.kept")));
    }
}

fn past_deadline(thing: &Leftover) -> bool {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    thing
        .labels
        .get(LABEL_DEADLINE)
        .and_then(|text| text.parse::<u64>().ok())
        .is_some_and(|deadline| deadline < now)
}
