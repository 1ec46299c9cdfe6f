//! A session: a container, and the keeper that holds it.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::process::{Child, ChildStdin};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::cgroups::Counters;
use super::keeper::{End, STAY};
use super::program::Program;
use super::transfer::{SessionFiles, get, put};
use crate::engine::{
    ByteStream, Command, EngineError, Exit, GuestPath, Privileges, Room, Session, Usage,
};
use crate::events::Sink;

/// An open session.
pub(super) struct RuntimeSession {
    pub(super) name: String,
    pub(super) program: Program,
    /// Directory of what the runtime knows of its containers.
    pub(super) state: PathBuf,
    /// Its own directory.
    pub(super) directory: PathBuf,
    /// Its root file system: seen from within, or the image's own in a session in which nothing runs.
    pub(super) files: Arc<SessionFiles>,
    /// Whether commands are run in it.
    pub(super) runs: bool,
    /// Its keeper's number; 0 if it has none.
    pub(super) keeper_process: u32,
    pub(super) privileges: Privileges,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) counters: Counters,
    /// How many processes of the container the kernel had killed for lack of memory when the last command ended.
    pub(super) memory_kills: AtomicU64,
    /// Number of the next command.
    pub(super) commands: AtomicU64,
    /// The end of its lifetime.
    pub(super) deadline: Instant,
    /// Cancelled at its end.
    pub(super) stop: CancellationToken,
    /// What works in it.
    pub(super) tasks: TaskTracker,
    /// Its keeper. None in a session in which nothing runs, and none after its end.
    pub(super) keeper: tokio::sync::Mutex<Option<Child>>,
    /// The keeper's standard input: the session ends when it is closed.
    pub(super) hold: Mutex<Option<ChildStdin>>,
    pub(super) end: Mutex<Option<End>>,
}

impl RuntimeSession {
    /// Why the session ended, if it has.
    pub(super) async fn ended(&self) -> Option<End> {
        if let Some(end) = *self.end.lock().unwrap_or_else(PoisonError::into_inner) {
            return Some(end);
        }
        let mut keeper = self.keeper.lock().await;
        let status = keeper.as_mut()?.try_wait().ok()??;
        let end = End::of(status.code());
        *self.end.lock().unwrap_or_else(PoisonError::into_inner) = Some(end);
        Some(end)
    }
}

impl Drop for RuntimeSession {
    /// Without having been closed it is kept.
    fn drop(&mut self) {
        use std::io::Write as _;
        let hold = self.hold.get_mut().unwrap_or_else(PoisonError::into_inner);
        let hold = hold.take().and_then(|hold| hold.into_owned_fd().ok());
        if let Some(hold) = hold {
            // A keeper that is gone holds nothing.
            let _ = fs::File::from(hold).write_all(&[STAY]);
        }
    }
}

#[async_trait]
impl Session for RuntimeSession {
    fn id(&self) -> &str {
        &self.name
    }

    fn entrance(&self) -> String {
        let words = self.program.words(&self.state);
        let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
        // Only there, a runtime that must not see all cgroups works.
        let keeper = format!("--target={}", self.keeper_process);
        let is_mapped = self.program.rights.namespace().is_some();
        let mut into_keeper = Vec::new();
        if is_mapped || self.program.hides_unified {
            into_keeper.extend(["nsenter", &keeper, "--mount"]);
        }
        if is_mapped {
            into_keeper.push("--user");
        }
        let words = into_keeper
            .into_iter()
            .chain(words.iter().map(AsRef::as_ref));
        let words = words.chain(["exec", "--tty", &self.name, "/bin/sh"]);
        let line = shlex::try_join(words).unwrap_or_default();
        format!("enter the container with `{line}`")
    }

    async fn put(&self, directory: &GuestPath, archive: ByteStream) -> Result<(), EngineError> {
        if !self.runs {
            // Its files are those of the image, which others use.
            return Err(EngineError::Refused {
                operation: format!("unpack into {directory}"),
                source: "the session is only for copying out of its image".into(),
            });
        }
        let files = Arc::clone(&self.files);
        put(files, directory, archive, self.stop.clone(), &self.tasks).await
    }

    async fn run(&self, command: &Command, sink: &dyn Sink) -> Result<Exit, EngineError> {
        self.run_command(command, sink).await
    }

    async fn usage(&self) -> Option<Usage> {
        self.counters.usage()
    }

    fn room(&self) -> Option<Room> {
        Room::here(&self.directory)
    }

    async fn get(&self, file: &GuestPath) -> Result<ByteStream, EngineError> {
        get(Arc::clone(&self.files), file, &self.tasks).await
    }

    async fn close(&self) -> Result<(), EngineError> {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        // The keeper ends the container.
        self.hold
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let mut keeper = self.keeper.lock().await;
        if let Some(mut keeper) = keeper.take() {
            let _ = keeper.wait().await;
            let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
            end.get_or_insert(End::Told);
        }
        let removed = self
            .program
            .remove_session(&self.state, &self.directory)
            .await;
        removed.map_err(|source| EngineError::Refused {
            operation: format!("remove session {}", self.name),
            source: Box::new(source),
        })
    }
}
