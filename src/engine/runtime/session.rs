//! A session: a container, and the keeper that holds it.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use rustix::fs::OFlags;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::cgroups::Counters;
use super::configuration::{Bound, Parts, configuration, environment};
use super::keeper::{End, KEEPER, STAY, Said, TASK, Task, lower};
use super::program::Program;
use super::record::{Record, is_name};
use super::store::Store;
use super::transfer::{pack, put};
use super::tree::Tree;
use crate::engine::{
    ByteStream, Command, EngineError, Exit, GuestPath, LABEL_RECIPE, LABEL_RUN, Network,
    Privileges, Session, SessionSpec, Usage, Workdir,
};
use crate::events::Sink;

/// Name of the file with the labels of a cache.
pub(super) const LABELS: &str = "labels.json";
/// Longest line of a keeper, in bytes.
const LONGEST_LINE: u64 = 64 << 10;
/// Characters of a host name that the kernel takes.
const LONGEST_HOSTNAME: usize = 63;

/// What sessions are opened with.
#[derive(Debug)]
pub(super) struct Opener {
    pub store: Arc<Store>,
    pub program: Program,
    /// The program that keeps containers.
    pub keeper: PathBuf,
}

/// An open session.
pub(super) struct RuntimeSession {
    pub(super) name: String,
    pub(super) program: Program,
    /// Directory of what the runtime knows of its containers.
    pub(super) state: PathBuf,
    /// Its own directory.
    pub(super) directory: PathBuf,
    /// Its root file system: seen from within, or the image's own in a session in which nothing runs.
    tree: Arc<Tree>,
    /// Whether commands are run in it.
    runs: bool,
    /// Its keeper's number; 0 if it has none.
    keeper_process: u32,
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
    tasks: TaskTracker,
    /// Its keeper. None in a session in which nothing runs, and none after its end.
    keeper: tokio::sync::Mutex<Option<Child>>,
    /// The keeper's standard input: the session ends when it is closed.
    hold: Mutex<Option<ChildStdin>>,
    pub(super) end: Mutex<Option<End>>,
}

/// A container, and what holds it.
struct Running {
    keeper: Child,
    hold: Option<ChildStdin>,
    counters: Counters,
}

impl Opener {
    /// Opens a session in which commands can be run.
    pub(super) async fn open(&self, spec: &SessionSpec) -> Result<RuntimeSession, EngineError> {
        let (directory, of_image) = self.make_directory(spec)?;
        let opened = self.start(spec, &directory, &of_image).await;
        if opened.is_err() {
            // That error is the one to report; if the removal fails too, the next sweep removes it.
            let _ = remove(&self.program, &self.store.state(), &directory).await;
        }
        opened
    }

    /// Opens a session in which nothing can be run.
    pub(super) fn open_to_copy(&self, spec: &SessionSpec) -> Result<RuntimeSession, EngineError> {
        let (directory, _) = self.make_directory(spec)?;
        let tree = Tree::open(&lower(&directory)).map_err(|error| refused(spec, error))?;
        Ok(self.session(spec, directory, tree, BTreeMap::new(), None))
    }

    fn session(
        &self,
        spec: &SessionSpec,
        directory: PathBuf,
        tree: Tree,
        environment: BTreeMap<String, String>,
        running: Option<Running>,
    ) -> RuntimeSession {
        let runs = running.is_some();
        let keeper_process = running.as_ref().and_then(|running| running.keeper.id());
        let (keeper, hold, counters) = match running {
            Some(Running {
                keeper,
                hold,
                counters,
            }) => (Some(keeper), hold, counters),
            None => (None, None, Counters::default()),
        };
        RuntimeSession {
            name: spec.name.clone(),
            program: self.program.clone(),
            state: self.store.state(),
            directory,
            tree: Arc::new(tree),
            runs,
            keeper_process: keeper_process.unwrap_or_default(),
            privileges: spec.privileges,
            environment,
            counters,
            memory_kills: AtomicU64::new(0),
            commands: AtomicU64::new(0),
            deadline: Instant::now() + spec.lifetime,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            keeper: tokio::sync::Mutex::new(keeper),
            hold: Mutex::new(hold),
            end: Mutex::new(None),
        }
    }

    /// Makes the directory of a session, with its record: from then on nobody removes its image and its caches. Returns it with
    /// the environment of the image.
    fn make_directory(&self, spec: &SessionSpec) -> Result<(PathBuf, Vec<String>), EngineError> {
        let failed = |error: io::Error| refused(spec, error);
        let no_image = || EngineError::NoImage {
            image: spec.image.clone(),
        };
        let names = spec.caches.iter().map(|cache| &cache.key);
        if let Some(wrong) = names.chain([&spec.name]).find(|name| !is_name(name)) {
            let text = format!("{wrong:?} is not a proper name");
            return Err(failed(io::Error::other(text)));
        }
        let _nobody_removes = self.store.use_it().map_err(failed)?;
        let image = self.store.find(&spec.image).map_err(failed)?;
        let image = image.ok_or_else(no_image)?;
        let root = self.store.root(&image.id).ok_or_else(no_image)?;
        let directory = self.store.sessions().join(&spec.name);
        // No other one has the name.
        fs::create_dir(&directory).map_err(failed)?;
        let opened = SystemTime::now().duration_since(UNIX_EPOCH);
        let opened = opened.unwrap_or_default().as_secs();
        let caches = spec.caches.iter().map(|cache| cache.key.clone()).collect();
        let record = Record::new(spec.labels.clone(), opened, image.id, caches);
        let made = (|| {
            // Files of a session may be programs with more rights than their users have.
            fs::set_permissions(&directory, Permissions::from_mode(0o700))?;
            record.write(&directory)?;
            for name in ["upper", "work", "merged", "scratch"] {
                fs::create_dir(directory.join(name))?;
            }
            symlink(root, lower(&directory))?;
            self.make_caches(spec)
        })();
        made.map_err(|error| {
            let _ = fs::remove_dir_all(&directory);
            failed(error)
        })?;
        Ok((directory, image.content.environment))
    }

    fn make_caches(&self, spec: &SessionSpec) -> io::Result<()> {
        let labels: BTreeMap<_, _> = [LABEL_RUN, LABEL_RECIPE]
            .into_iter()
            .filter_map(|key| Some((key, spec.labels.get(key)?)))
            .collect();
        for cache in &spec.caches {
            let place = self.store.caches().join(&cache.key);
            fs::create_dir_all(place.join("files"))?;
            fs::set_permissions(&place, Permissions::from_mode(0o700))?;
            let file = place.join(LABELS);
            // An existing cache keeps its labels.
            if !file.exists() {
                fs::write(file, serde_json::to_vec(&labels)?)?;
            }
        }
        Ok(())
    }

    /// Writes down what the container is.
    fn describe(
        &self,
        spec: &SessionSpec,
        directory: &Path,
        variables: &BTreeMap<String, String>,
        hostname: &str,
    ) -> io::Result<()> {
        let hosts = directory.join("hosts");
        fs::write(
            &hosts,
            format!("127.0.0.1\tlocalhost {hostname}\n::1\tlocalhost ip6-localhost\n"),
        )?;
        let caches = spec.caches.iter().map(|cache| {
            let files = self.store.caches().join(&cache.key).join("files");
            (files, cache.path.as_str(), false)
        });
        let mut bound: Vec<_> = caches.collect();
        if let Workdir::Scratch(path) = &spec.workdir {
            bound.push((directory.join("scratch"), path.as_str(), false));
        }
        if spec.network == Network::None {
            bound.push((hosts, "/etc/hosts", true));
        } else {
            let of_host = ["/etc/hosts", "/etc/resolv.conf"].into_iter();
            let there = of_host.filter(|file| Path::new(file).exists());
            bound.extend(there.map(|file| (PathBuf::from(file), file, true)));
        }
        let bound = bound
            .iter()
            .map(|(source, destination, is_read_only)| Bound {
                source,
                destination,
                is_read_only: *is_read_only,
            });
        let cgroup = format!("/{}", spec.name);
        let parts = Parts {
            root: &directory.join("merged"),
            bound: bound.collect(),
            environment: variables,
            hostname,
            cgroup: self.program.cgroups.can_be_made.then_some(&*cgroup),
            is_cgroup2: self.program.cgroups.is_second,
        };
        let text = serde_json::to_vec(&configuration(spec, &parts))?;
        fs::write(directory.join("config.json"), text)?;
        let task = Task {
            runtime: self.program.words(&self.store.state()),
            container: spec.name.clone(),
            hides_unified: self.program.hides_unified,
            lifetime: spec.lifetime.as_secs().max(1),
        };
        fs::write(directory.join(TASK), serde_json::to_vec(&task)?)
    }

    async fn start(
        &self,
        spec: &SessionSpec,
        directory: &Path,
        of_image: &[String],
    ) -> Result<RuntimeSession, EngineError> {
        let failed = |error: io::Error| refused(spec, error);
        let hostname = spec.hostname.as_deref().unwrap_or(&spec.name);
        let hostname: String = hostname.chars().take(LONGEST_HOSTNAME).collect();
        let variables = environment(of_image, &hostname);
        self.describe(spec, directory, &variables, &hostname)
            .map_err(failed)?;
        let mut keeper = tokio::process::Command::new(&self.keeper);
        keeper
            .arg0(KEEPER)
            .arg(directory)
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            // Ctrl-C in a terminal is for the tool, which then ends the session.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut keeper = keeper.spawn().map_err(failed)?;
        let hold = keeper.stdin.take();
        let said = match keeper.stdout.take() {
            Some(stdout) => said(stdout).await.map_err(failed)?,
            None => return Err(failed(io::Error::other("its keeper says nothing"))),
        };
        let process = match said {
            Said::Ready { process } => process,
            Said::Failed { what, reason } => {
                let _ = keeper.wait().await;
                return Err(EngineError::Refused {
                    operation: format!("start container {}: it could not {what}", spec.name),
                    source: reason.into(),
                });
            }
        };
        let tree = Tree::open(Path::new(&format!("/proc/{process}/root"))).map_err(failed)?;
        let workdir = Path::new(spec.workdir.path().as_str());
        tree.make_directory(workdir).map_err(failed)?;
        let running = Running {
            keeper,
            hold,
            counters: Counters::of(process),
        };
        let directory = directory.to_owned();
        Ok(self.session(spec, directory, tree, variables, Some(running)))
    }
}

/// What a keeper says.
async fn said(stdout: tokio::process::ChildStdout) -> io::Result<Said> {
    let mut line = String::new();
    let mut stdout = BufReader::new(stdout.take(LONGEST_LINE));
    stdout.read_line(&mut line).await?;
    serde_json::from_str(&line).map_err(|_| io::Error::other("its keeper ended"))
}

fn refused(spec: &SessionSpec, error: io::Error) -> EngineError {
    let operation = format!("open session {}", spec.name);
    let source = Box::new(error);
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            EngineError::DiskFull { operation, source }
        }
        _ => EngineError::Refused { operation, source },
    }
}

/// Ends the container of a session, if there is one, and removes its directory.
pub(super) async fn remove(program: &Program, state: &Path, directory: &Path) -> io::Result<()> {
    let name = directory.file_name().unwrap_or_default().to_owned();
    program.remove(state, &name, directory).await?;
    let directory = directory.to_owned();
    let removed = tokio::task::spawn_blocking(move || match fs::remove_dir_all(&directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    });
    removed
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)))
}

impl RuntimeSession {
    /// Whether there is something at a path in it.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.tree.at(path, OFlags::PATH).is_ok()
    }

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
        let into_keeper = ["nsenter", &keeper, "--mount"].into_iter();
        let into_keeper = into_keeper.filter(|_| self.program.hides_unified);
        let words = into_keeper.chain(words.iter().map(AsRef::as_ref));
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
        let tree = Arc::clone(&self.tree);
        put(tree, directory, archive, self.stop.clone(), &self.tasks).await
    }

    async fn run(&self, command: &Command, sink: &dyn Sink) -> Result<Exit, EngineError> {
        self.run_command(command, sink).await
    }

    async fn usage(&self) -> Option<Usage> {
        self.counters.usage()
    }

    async fn get(&self, file: &GuestPath) -> Result<ByteStream, EngineError> {
        pack(&self.tree, file)
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
        let removed = remove(&self.program, &self.state, &self.directory).await;
        removed.map_err(|source| EngineError::Refused {
            operation: format!("remove session {}", self.name),
            source: Box::new(source),
        })
    }
}
