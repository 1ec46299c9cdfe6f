//! The engine: the contract's operations by a runtime and a directory of the cache.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use rustix::fs::OFlags;
use tokio_util::sync::CancellationToken;

use super::namespace::UserNamespace;
use super::open::{LABELS, Opener};
use super::program::Program;
use super::provide::{keep_archived, keep_root};
use super::pull::{Wanted, keep_pulled};
use super::record::{Record, is_kept, is_name};
use super::rights::Rights;
use super::store::{Store, files};
use super::tree::Tree;
use super::words::{KEEPER, PROBE};
use crate::engine::contract::{Engine, Session};
use crate::engine::error::EngineError;
use crate::engine::image::{CheckedImage, Image, ImageSource};
use crate::engine::info::{Capabilities, Capacity, EngineInfo, Product, go_architecture};
use crate::engine::leftover::{Age, LABEL_RUN, Leftover, LeftoverKind};
use crate::engine::session::SessionSpec;
use crate::events::Sink;
use crate::regular_file;
use crate::transport::ClientSettings;

/// Largest file with labels in bytes.
const LARGEST: u64 = 1 << 20;

/// What the engine works with.
#[derive(Debug, Clone)]
pub struct RuntimeSettings {
    /// Directory for images, sessions and caches; made if it does not exist.
    pub directory: PathBuf,
    /// The program that keeps containers: one that calls [`super::keep`] before anything else.
    pub keeper: PathBuf,
    /// The runtime; without it, the first known one in the directories of `search`.
    pub program: Option<PathBuf>,
    /// Directories of programs, as in the variable PATH.
    pub search: Option<OsString>,
    /// Credentials and proxies for registries.
    pub client: ClientSettings,
    /// Why no other engine is used, where nobody chose this one.
    pub instead_of: Option<String>,
}

/// An OCI runtime, and images in the cache.
#[derive(Debug)]
struct RuntimeEngine {
    info: EngineInfo,
    store: Arc<Store>,
    opener: Opener,
    client: ClientSettings,
}

/// Makes an engine of the OCI runtime on this machine.
///
/// # Errors
/// [`EngineError::NoRuntime`], [`EngineError::RuntimeFails`] and [`EngineError::RuntimeNotHere`] where no containers can be run;
/// for another user than root also [`EngineError::NoIdMappers`], [`EngineError::NoSubordinateIds`] and
/// [`EngineError::NoUserNamespace`].
pub async fn connect_runtime(settings: RuntimeSettings) -> Result<Arc<dyn Engine>, EngineError> {
    let RuntimeSettings {
        directory,
        keeper,
        program,
        search,
        client,
        instead_of,
    } = settings;
    let search = search.as_deref();
    let rights = if rustix::process::geteuid().is_root() {
        Rights::Root
    } else {
        Rights::Mapped(UserNamespace::find(&keeper, search)?)
    };
    let finding = Program::find(program.as_deref(), search, &keeper, rights.clone());
    // Each of them waits for a process.
    let (program, probed) = tokio::join!(finding, probe(&keeper, &rights));
    let program = program?;
    probed?;
    let not_here = |what: &'static str| move |source| EngineError::RuntimeNotHere { what, source };
    let store = Store::open(&directory, rights);
    let store = store.map_err(not_here("make a directory in the cache"))?;
    // A kernel before 5.6 cannot look for a file in a tree without leaving it.
    let tree = Tree::open(store.directory());
    let looked = tree.and_then(|tree| tree.at(Path::new("images"), OFlags::PATH));
    looked.map_err(not_here("look for files below a root (openat2)"))?;
    let machine = rustix::system::uname();
    let machine = machine.machine().to_string_lossy();
    let store = Arc::new(store);
    Ok(Arc::new(RuntimeEngine {
        info: EngineInfo {
            product: Product::Runtime,
            version: program.version.clone(),
            api_version: String::new(),
            architecture: go_architecture(&machine).to_owned(),
            address: format!("runtime:{}", store.directory().display()),
            capabilities: Capabilities {
                gets_images: true,
                builds_dockerfile: false,
                cuts_network: true,
                limits_memory: program.cgroups.can_be_made(),
                limits_processors: program.cgroups.can_be_made(),
                keeps_caches: true,
                has_host_socket: false,
            },
            instead_of,
        },
        opener: Opener {
            store: Arc::clone(&store),
            program,
            keeper,
        },
        store,
        client,
    }))
}

/// Tries what every session begins with.
async fn probe(keeper: &Path, rights: &Rights) -> Result<(), EngineError> {
    let not_here = |what: &'static str| move |source| EngineError::RuntimeNotHere { what, source };
    let mut command = match rights {
        Rights::Root => {
            let mut command = tokio::process::Command::new(keeper);
            command.arg0(KEEPER);
            command
        }
        Rights::Mapped(namespace) => namespace.command().into(),
    };
    command
        .arg(PROBE)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let probe = command.stderr(Stdio::piped()).output().await;
    let probe = probe.map_err(not_here("start a keeper"))?;
    if probe.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&probe.stderr).trim().to_owned();
    let source = io::Error::other(said);
    Err(match rights {
        Rights::Root => not_here("make a namespace for mounts")(source),
        Rights::Mapped(_) => EngineError::NoUserNamespace { source },
    })
}

fn failed_to(operation: String) -> impl Fn(io::Error) -> EngineError {
    move |source| EngineError::Refused {
        operation: operation.clone(),
        source: Box::new(source),
    }
}

impl RuntimeEngine {
    fn sessions(&self) -> io::Result<Vec<(Leftover, Record)>> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.unwrap_or_default().as_secs();
        let mut found = Vec::new();
        for directory in files(&self.store.sessions())? {
            // One that has no record yet belongs to a run that is about to write it.
            let Some(record) = Record::read(&directory) else {
                continue;
            };
            let name = directory.file_name().unwrap_or_default();
            let Some(name) = name.to_str().filter(|name| is_name(name)) else {
                continue;
            };
            let leftover = Leftover {
                kind: LeftoverKind::Container,
                id: name.to_owned(),
                name: name.to_owned(),
                labels: record.labels.clone(),
                running: is_kept(&directory),
                age: Some(Age {
                    made: record.opened,
                    now,
                }),
                size: None,
            };
            found.push((leftover, record));
        }
        Ok(found)
    }

    fn caches(&self) -> io::Result<Vec<Leftover>> {
        let mut found = Vec::new();
        for directory in files(&self.store.caches())? {
            let name = directory.file_name().unwrap_or_default();
            let Some(name) = name.to_str().filter(|name| is_name(name)) else {
                continue;
            };
            let labels = regular_file::read(&directory.join(LABELS), LARGEST).ok();
            let labels: Option<BTreeMap<String, String>> =
                labels.and_then(|text| serde_json::from_slice(&text).ok());
            found.push(Leftover {
                kind: LeftoverKind::Volume,
                id: name.to_owned(),
                name: name.to_owned(),
                labels: labels.unwrap_or_default(),
                running: false,
                age: None,
                size: None,
            });
        }
        Ok(found)
    }

    fn images(&self) -> io::Result<Vec<Leftover>> {
        let stored = self.store.list()?.into_iter();
        let leftovers = stored.map(|stored| {
            let mut labels = stored.image.labels;
            // The tool has put every one of them there, those of archives included.
            labels.entry(LABEL_RUN.to_owned()).or_default();
            let id = stored.image.id;
            Leftover {
                kind: LeftoverKind::Image,
                name: stored
                    .names
                    .into_iter()
                    .next()
                    .unwrap_or_else(|| id.clone()),
                id,
                labels,
                running: false,
                age: None,
                size: Some(stored.size),
            }
        });
        Ok(leftovers.collect())
    }

    fn list(&self) -> io::Result<Vec<Leftover>> {
        let sessions = self.sessions()?.into_iter().map(|(leftover, _)| leftover);
        let mut found: Vec<_> = sessions.collect();
        found.extend(self.caches()?);
        found.extend(self.images()?);
        Ok(found)
    }

    /// Removes an image or a cache, unless a session uses it.
    fn remove_used(&self, leftover: &Leftover) -> Result<(), EngineError> {
        let failed = failed_to(format!("remove {} {}", leftover.kind, leftover.name));
        let id = &leftover.id;
        let _nobody_begins = self.store.change_it().map_err(&failed)?;
        let is_image = leftover.kind == LeftoverKind::Image;
        let mut sessions = self.sessions().map_err(&failed)?.into_iter();
        let user = sessions.find(|(_, record)| {
            if is_image {
                record.image == *id
            } else {
                record.caches.contains(id)
            }
        });
        if let Some((session, _)) = user {
            return Err(EngineError::InUse {
                what: format!("{} {}", leftover.kind, leftover.name),
                source: format!("session {} uses it", session.name).into(),
            });
        }
        if is_image {
            return self.store.remove(id).map_err(failed);
        }
        if !is_name(id) {
            return Err(failed(io::Error::other("it has no proper name")));
        }
        let cache = self.store.caches().join(id);
        self.store.rights().remove(&cache).map_err(failed)
    }
}

#[async_trait]
impl Engine for RuntimeEngine {
    fn describe(&self) -> &EngineInfo {
        &self.info
    }

    async fn capacity(&self) -> Result<Capacity, EngineError> {
        let system = rustix::system::sysinfo();
        Ok(Capacity {
            processors: std::thread::available_parallelism()
                .map_or(1, |number| number.get() as u64),
            memory: system.totalram.saturating_mul(system.mem_unit.into()),
        })
    }

    async fn image(&self, reference: &str) -> Result<Option<Image>, EngineError> {
        let failed = failed_to(format!("look for image {reference}"));
        self.store.find(reference).map_err(failed)
    }

    async fn provide(
        &self,
        name: &str,
        source: ImageSource,
        sink: &dyn Sink,
        cancel: &CancellationToken,
    ) -> Result<Option<Image>, EngineError> {
        match source {
            ImageSource::Registry {
                reference,
                expected,
                stall,
            } => {
                let wanted = Wanted {
                    name,
                    reference: &reference,
                    expected: expected.as_ref(),
                    stall,
                    architecture: &self.info.architecture,
                };
                keep_pulled(&self.store, &wanted, &self.client, sink, cancel).await
            }
            ImageSource::Dockerfile(_) => Err(EngineError::NoImageBuild {
                image: name.to_owned(),
            }),
            ImageSource::RootFs {
                archive,
                environment,
                labels,
            } => {
                let architecture = &self.info.architecture;
                let (store, environment) = (&self.store, &environment);
                keep_root(
                    store,
                    name,
                    archive,
                    environment,
                    labels,
                    architecture,
                    cancel,
                )
                .await
            }
            ImageSource::Archive { file, .. } => {
                keep_archived(&self.store, name, file, cancel).await
            }
        }
    }

    async fn name(&self, id: &str, name: &str) -> Result<(), EngineError> {
        let failed = failed_to(format!("name image {id} {name}"));
        self.store.name(name, id).map_err(failed)
    }

    async fn open(&self, spec: &SessionSpec) -> Result<Box<dyn Session>, EngineError> {
        Ok(Box::new(self.opener.open(spec).await?))
    }

    async fn open_to_copy(&self, spec: &SessionSpec) -> Result<Box<dyn Session>, EngineError> {
        Ok(Box::new(self.opener.open_to_copy(spec)?))
    }

    async fn leftovers(&self) -> Result<Vec<Leftover>, EngineError> {
        let failed = failed_to(format!("list {}", self.store.directory().display()));
        self.list().map_err(failed)
    }

    async fn check_images(
        &self,
        cancel: &CancellationToken,
    ) -> Result<Vec<CheckedImage>, EngineError> {
        let failed = failed_to(format!(
            "check the images in {}",
            self.store.directory().display()
        ));
        let (store, stop) = (Arc::clone(&self.store), cancel.clone());
        let checked = tokio::task::spawn_blocking(move || store.check(&stop)).await;
        let checked = checked.unwrap_or_else(|error| Err(io::Error::other(error)));
        checked.map_err(failed)
    }

    async fn remove(&self, leftover: &Leftover) -> Result<(), EngineError> {
        if leftover.kind != LeftoverKind::Container {
            return self.remove_used(leftover);
        }
        let failed = failed_to(format!("remove session {}", leftover.name));
        if !is_name(&leftover.id) {
            return Err(failed(io::Error::other("it has no proper name")));
        }
        let directory = self.store.sessions().join(&leftover.id);
        let state = self.store.state();
        let removed = self.opener.program.remove_session(&state, &directory);
        removed.await.map_err(failed)
    }
}
