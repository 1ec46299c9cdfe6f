//! Opens sessions.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::cgroups::Counters;
use super::configuration::{Bound, Parts, configuration, environment};
use super::keeper::{Said, TASK, Task, lower};
use super::program::Program;
use super::record::{Record, is_name};
use super::session::RuntimeSession;
use super::store::Store;
use super::transfer::SessionFiles;
use super::words::{KEEP, KEEPER};
use crate::engine::{EngineError, LABEL_RECIPE, LABEL_RUN, Network, SessionSpec, Workdir};

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
            let state = self.store.state();
            let _ = self.program.remove_session(&state, &directory).await;
        }
        opened
    }

    /// Opens a session in which nothing can be run.
    pub(super) fn open_to_copy(&self, spec: &SessionSpec) -> Result<RuntimeSession, EngineError> {
        let (directory, _) = self.make_directory(spec)?;
        let files = self.files(lower(&directory), None);
        let files = files.map_err(|error| refused(spec, error))?;
        Ok(self.session(spec, directory, files, BTreeMap::new(), None))
    }

    fn files(&self, root: PathBuf, keeper: Option<u32>) -> io::Result<SessionFiles> {
        SessionFiles::open(root, self.program.rights.namespace(), keeper)
    }

    fn session(
        &self,
        spec: &SessionSpec,
        directory: PathBuf,
        files: SessionFiles,
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
            files: Arc::new(files),
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
        // What is mounted later hides what is below it: a cache may be below the working directory.
        bound.sort_by_key(|(_, destination, _)| *destination);
        let bound = bound
            .iter()
            .map(|(source, destination, is_read_only)| Bound {
                source,
                destination,
                is_read_only: *is_read_only,
            });
        let cgroup = self.program.cgroups.of_container(&spec.name);
        let parts = Parts {
            root: &directory.join("merged"),
            bound: bound.collect(),
            environment: variables,
            hostname,
            cgroup: cgroup.as_deref(),
            is_cgroup2: self.program.cgroups.is_second,
            in_user_namespace: self.program.rights.namespace().is_some(),
        };
        let text = serde_json::to_vec(&configuration(spec, &parts))?;
        fs::write(directory.join("config.json"), text)?;
        let task = Task {
            runtime: self.program.words(&self.store.state()),
            container: spec.name.clone(),
            hides_unified: self.program.hides_unified,
            has_cgroups: self.program.cgroups.can_be_made(),
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
        let mut keeper = if let Some(namespace) = self.program.rights.namespace() {
            namespace.command().into()
        } else {
            let mut keeper = tokio::process::Command::new(&self.keeper);
            keeper.arg0(KEEPER);
            keeper
        };
        keeper
            .arg(KEEP)
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
        let root = PathBuf::from(format!("/proc/{process}/root"));
        let files = self.files(root, keeper.id()).map_err(failed)?;
        let workdir = Path::new(spec.workdir.path().as_str());
        files.make_directory(workdir).map_err(failed)?;
        let has_cgroups = self.program.cgroups.can_be_made();
        let running = Running {
            keeper,
            hold,
            // Without its own, those that it is in are of others as well.
            counters: if has_cgroups {
                Counters::of(process)
            } else {
                Counters::default()
            },
        };
        let directory = directory.to_owned();
        Ok(self.session(spec, directory, files, variables, Some(running)))
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
