//! A session: directories that are made for it, and what runs in them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::directories::{Kept, changes, make, remove_all, undo};
use super::processes::use_of;
use super::record::Record;
use super::transfer::{pack, unpack};
use crate::checksum::sha256_hex;
use crate::engine::{
    ByteStream, Command, EngineError, Exit, GuestPath, LABEL_RECIPE, LABEL_RUN, Network, Room,
    Session, SessionSpec, Usage,
};
use crate::events::Sink;

/// Beginning of the ids of these sessions, for whoever tells people how to look into one.
pub(super) const ID: &str = "local:";
/// Pause before it is looked again whether another build has left the directory.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// Name of the file with the labels of a cache.
pub(super) const LABELS: &str = "labels.json";

/// A session in this file system.
pub(super) struct LocalSession {
    id: String,
    /// The directory that its steps work in.
    workdir: GuestPath,
    /// Directory with its record.
    directory: PathBuf,
    pub(super) supervisor: PathBuf,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) cuts_network: bool,
    /// The end of its lifetime.
    pub(super) deadline: Instant,
    /// Cancelled at its end.
    pub(super) stop: CancellationToken,
    /// Everything that works in it.
    pub(super) tasks: TaskTracker,
    /// The supervisors that run.
    running: Mutex<BTreeSet<i32>>,
    /// Nobody else works in its directory while this is locked; it is until the end of the session.
    alone: Mutex<Option<File>>,
}

/// Where sessions and caches are recorded and kept, and how steps are run.
#[derive(Debug)]
pub(super) struct Places {
    /// Directory of the sessions and caches, absolute.
    pub directory: PathBuf,
    /// The program that supervises steps.
    pub supervisor: PathBuf,
    /// Variables of every step.
    pub environment: BTreeMap<String, String>,
}

impl Places {
    /// Directory of the session of that name.
    pub(super) fn session(&self, name: &str) -> PathBuf {
        self.directory.join("sessions").join(name)
    }

    /// Directory of all sessions.
    pub(super) fn sessions(&self) -> PathBuf {
        self.directory.join("sessions")
    }

    /// Directory of all caches.
    pub(super) fn caches(&self) -> PathBuf {
        self.directory.join("caches")
    }

    /// Opens a session; the network is cut where `can_cut_network`.
    pub(super) async fn open(
        &self,
        spec: &SessionSpec,
        can_cut_network: bool,
        keeps_caches: bool,
    ) -> Result<LocalSession, EngineError> {
        let refused = |source: io::Error| EngineError::Refused {
            operation: format!("open session {}", spec.name),
            source: Box::new(source),
        };
        let directory = self.session(&spec.name);
        fs::create_dir_all(self.sessions()).map_err(refused)?;
        // No other one has the name.
        fs::create_dir(&directory).map_err(refused)?;
        let alone = self.wait_for_turn(spec).await.map_err(refused)?;
        let opened = SystemTime::now().duration_since(UNIX_EPOCH);
        let opened = opened.unwrap_or_default().as_secs();
        let prepare = || {
            let caches = self.provide_caches(spec, &directory, keeps_caches);
            let caches = caches.map_err(refused)?;
            let record = Record::new(
                spec.labels.clone(),
                opened,
                changes(&spec.workdir, &caches)?,
            );
            record.write(&directory).map_err(refused)?;
            make(&record.changes, &caches)?;
            self.environment(&directory).map_err(refused)
        };
        let environment = prepare().inspect_err(|_| {
            // That error is the one to report; the next sweep undoes what is left.
            let _ = end(&directory);
        })?;
        Ok(LocalSession {
            id: format!("{ID}{}", spec.name),
            workdir: spec.workdir.path().clone(),
            directory,
            supervisor: self.supervisor.clone(),
            environment,
            cuts_network: can_cut_network && spec.network == Network::None,
            deadline: Instant::now() + spec.lifetime,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            running: Mutex::default(),
            alone: Mutex::new(Some(alone)),
        })
    }

    /// Waits until no other session works in the same directory.
    async fn wait_for_turn(&self, spec: &SessionSpec) -> io::Result<File> {
        let place = sha256_hex(spec.workdir.path().as_str().as_bytes());
        let path = self.directory.join(format!("{}.lock", &place[..16]));
        let file = File::create(path)?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(LOOK_AGAIN).await,
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }

    /// The caches of a session: those that are kept, or, where nothing says which image wrote them, new ones.
    fn provide_caches(
        &self,
        spec: &SessionSpec,
        session: &Path,
        keeps: bool,
    ) -> io::Result<Vec<Kept>> {
        let labels: BTreeMap<_, _> = [LABEL_RUN, LABEL_RECIPE]
            .into_iter()
            .filter_map(|key| Some((key, spec.labels.get(key)?)))
            .collect();
        let provide = |cache: &crate::engine::Cache| {
            let kept = if keeps {
                self.caches().join(&cache.key)
            } else {
                session.join("caches").join(&cache.key)
            };
            let directory = kept.join("files");
            fs::create_dir_all(&directory)?;
            let file = kept.join(LABELS);
            // An existing cache keeps its labels.
            if !file.exists() {
                fs::write(file, serde_json::to_vec(&labels)?)?;
            }
            let path = PathBuf::from(cache.path.as_str());
            Ok(Kept { directory, path })
        };
        spec.caches.iter().map(provide).collect()
    }

    /// The variables of a session's steps: they find a home and a directory for temporary files that go with the session.
    fn environment(&self, session: &Path) -> io::Result<BTreeMap<String, String>> {
        let mut environment = self.environment.clone();
        for (variable, name) in [("HOME", "home"), ("TMPDIR", "tmp")] {
            let directory = session.join(name);
            fs::create_dir_all(&directory)?;
            environment.insert(variable.to_owned(), directory.display().to_string());
        }
        Ok(environment)
    }
}

/// Undoes what the session with that directory did, and forgets it.
pub(super) fn end(directory: &Path) -> io::Result<()> {
    if let Some(record) = Record::read(directory)? {
        undo(&record.changes)?;
    }
    match remove_all(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Counts a supervisor among the running ones until it is dropped.
pub(super) struct Counted<'a> {
    session: &'a LocalSession,
    id: Option<i32>,
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.session.supervisors().remove(&id);
        }
    }
}

impl Drop for LocalSession {
    /// Whether it is closed or kept: nothing goes on in it.
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl LocalSession {
    pub(super) fn count(&self, id: Option<u32>) -> Counted<'_> {
        let id = id.and_then(|id| i32::try_from(id).ok());
        self.supervisors().extend(id);
        Counted { session: self, id }
    }

    /// Numbers are put in and taken out in one step, so that what a panic left is whole.
    fn supervisors(&self) -> std::sync::MutexGuard<'_, BTreeSet<i32>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Session for LocalSession {
    fn id(&self) -> &str {
        &self.id
    }

    fn entrance(&self) -> String {
        format!("what it left is in {}", self.workdir)
    }

    async fn put(&self, directory: &GuestPath, archive: ByteStream) -> Result<(), EngineError> {
        unpack(directory, archive, self.stop.clone(), &self.tasks).await
    }

    async fn run(&self, command: &Command, sink: &dyn Sink) -> Result<Exit, EngineError> {
        self.run_command(command, sink).await
    }

    fn room(&self) -> Option<Room> {
        Room::here(self.workdir.as_str().as_ref())
    }

    async fn usage(&self) -> Option<Usage> {
        let running: Vec<_> = self.supervisors().iter().copied().collect();
        let used = running.into_iter().filter_map(use_of);
        used.map(|used| Usage {
            cpu: used.cpu,
            memory: used.memory,
        })
        .reduce(|all, one| Usage {
            cpu: all.cpu.saturating_add(one.cpu),
            memory: all.memory.saturating_add(one.memory),
        })
    }

    async fn get(&self, file: &GuestPath) -> Result<ByteStream, EngineError> {
        pack(file).await
    }

    async fn close(&self) -> Result<(), EngineError> {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        let directory = self.directory.clone();
        let ended = tokio::task::spawn_blocking(move || end(&directory)).await;
        let ended = ended.unwrap_or_else(|error| Err(io::Error::other(error)));
        if ended.is_ok() {
            self.alone
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
        }
        ended.map_err(|source| EngineError::Refused {
            operation: format!("undo what session {} changed", self.id),
            source: Box::new(source),
        })
    }
}
