//! The engine: the contract's operations in this file system.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use super::record::Record;
use super::session::{LABELS, Places, end};
use super::supervisor::{PROBE, SUPERVISOR};
use crate::checksum::hex;
use crate::engine::contract::{Engine, Session};
use crate::engine::error::EngineError;
use crate::engine::image::{Image, ImageContent, ImageSource};
use crate::engine::info::{Capabilities, Capacity, EngineInfo, Product, go_architecture};
use crate::engine::leftover::{Age, Leftover, LeftoverKind};
use crate::engine::session::SessionSpec;
use crate::events::Sink;
use crate::regular_file;

/// The name of the one image that the engine has: the file system that the tool runs in. `NAME@sha256:...` is the same with
/// the identity that somebody else knows it by.
pub const THIS_CONTAINER: &str = "this-container";

/// Id of an image of which nothing is known.
const UNKNOWN: &str = "unknown";
/// Files that change with what is installed.
const INVENTORIES: [&str; 3] = [
    "/etc/os-release",
    "/var/lib/dpkg/status",
    "/lib/apk/db/installed",
];
/// Largest of them in bytes.
const LARGEST: u64 = 64 << 20;
/// Longest name of an operating system.
const LONGEST_NAME: usize = 80;
/// Where cgroup v2 and v1 say how much memory this container may use.
const MEMORY_LIMITS: [&str; 2] = [
    "/sys/fs/cgroup/memory.max",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
];

/// What the engine works with.
#[derive(Debug, Clone)]
pub struct LocalSettings {
    /// Directory for what sessions make and what is kept between them; made if it does not exist.
    pub directory: PathBuf,
    /// The program that supervises steps: one that calls [`super::supervise`] before anything else.
    pub supervisor: PathBuf,
    /// Variables of every step, as an image has them: where its toolchain is.
    pub environment: BTreeMap<String, String>,
    /// Why no other engine is used, where nobody chose this one.
    pub instead_of: Option<String>,
    /// What somebody who started this container for one plan says of it; `None` where nobody did.
    pub held: Option<HeldContainer>,
}

/// A container that somebody started of the image of a plan, with limits that he keeps.
#[derive(Debug, Clone)]
pub struct HeldContainer {
    /// The image's name in the plan.
    pub name: String,
    /// The image.
    pub image: Image,
    /// What keeps the container, for records: `Kubernetes v1.20.2, node worker-1`.
    pub version: String,
}

/// The container that the tool runs in.
#[derive(Debug)]
struct LocalEngine {
    info: EngineInfo,
    places: Places,
    held: Option<HeldContainer>,
}

/// Makes an engine of the file system that the tool runs in.
///
/// # Errors
/// [`EngineError::NotHere`] where steps cannot be supervised.
pub async fn connect_local(settings: LocalSettings) -> Result<Arc<dyn Engine>, EngineError> {
    let LocalSettings {
        directory,
        supervisor,
        environment,
        instead_of,
        held,
    } = settings;
    let not_here = |what: &'static str| move |source| EngineError::NotHere { what, source };
    // Steps, and whatever they start, are found there.
    fs::metadata("/proc/self/stat").map_err(not_here("read /proc"))?;
    fs::create_dir_all(&directory).map_err(not_here("make a directory in the cache"))?;
    let directory = directory.canonicalize();
    let directory = directory.map_err(not_here("find its directory in the cache"))?;
    let probe = tokio::process::Command::new(&supervisor)
        .arg0(SUPERVISOR)
        .arg(PROBE)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let cuts_network = probe
        .await
        .map_err(not_here("start a supervisor"))?
        .success();
    let machine = rustix::system::uname();
    let machine = machine.machine().to_string_lossy();
    Ok(Arc::new(LocalEngine {
        info: EngineInfo {
            product: Product::Local,
            version: match (&held, system_name()) {
                (Some(held), _) => held.version.clone(),
                (None, Some(name)) => format!("local engine ({name})"),
                (None, None) => "local engine".to_owned(),
            },
            api_version: String::new(),
            architecture: go_architecture(&machine).to_owned(),
            address: format!("local:{}", directory.display()),
            capabilities: Capabilities {
                gets_images: held.is_some(),
                builds_dockerfile: false,
                cuts_network,
                limits_memory: held.is_some(),
                limits_processors: held.is_some(),
                keeps_caches: true,
                has_host_socket: false,
            },
            instead_of,
        },
        places: Places {
            directory,
            supervisor,
            environment,
        },
        held,
    }))
}

/// The name of the operating system, for people.
fn system_name() -> Option<String> {
    let text = regular_file::read_text(Path::new("/etc/os-release"), LARGEST).ok()?;
    let name = text
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    let name = name.trim_matches(['"', '\'']).chars();
    let name: String = name
        .filter(|c| !c.is_control())
        .take(LONGEST_NAME)
        .collect();
    (!name.is_empty()).then_some(name)
}

/// Digest of what is installed, as far as package managers write it down: a job may have added to its image.
fn installed() -> String {
    let mut digest = Sha256::new();
    for file in INVENTORIES {
        let content = regular_file::read(Path::new(file), LARGEST).unwrap_or_default();
        digest.update(content.len().to_be_bytes());
        digest.update(content);
    }
    format!("sha256:{}", hex(&digest.finalize()))
}

impl LocalEngine {
    /// The image, by the identity that somebody knows it by.
    fn this_container(&self, identity: Option<&str>) -> Image {
        let environment = self.places.environment.iter();
        let environment = environment.map(|(name, value)| format!("{name}={value}"));
        Image {
            id: identity.unwrap_or(UNKNOWN).to_owned(),
            content: ImageContent {
                // Without them nothing claims to know what the image contributes.
                layers: match identity {
                    Some(identity) => vec![identity.to_owned(), installed()],
                    None => Vec::new(),
                },
                environment: environment.collect(),
                architecture: self.info.architecture.clone(),
            },
            repo_digests: Vec::new(),
            labels: BTreeMap::new(),
        }
    }

    fn sessions(&self) -> io::Result<Vec<Leftover>> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.unwrap_or_default().as_secs();
        let mut found = Vec::new();
        for name in names(&self.places.sessions())? {
            // One that has no record yet belongs to a run that is about to write it, or has changed nothing.
            let Ok(Some(record)) = Record::read(&self.places.session(&name)) else {
                continue;
            };
            found.push(Leftover {
                kind: LeftoverKind::Container,
                id: name.clone(),
                name,
                labels: record.labels,
                running: false,
                age: Some(Age {
                    made: record.opened,
                    now,
                }),
                size: None,
            });
        }
        Ok(found)
    }

    fn caches(&self) -> io::Result<Vec<Leftover>> {
        let mut found = Vec::new();
        for name in names(&self.places.caches())? {
            let labels = self.places.caches().join(&name).join(LABELS);
            let labels = regular_file::read(&labels, LARGEST).ok();
            let labels = labels.and_then(|text| serde_json::from_slice(&text).ok());
            found.push(Leftover {
                kind: LeftoverKind::Volume,
                id: name.clone(),
                name,
                labels: labels.unwrap_or_default(),
                running: false,
                age: None,
                size: None,
            });
        }
        Ok(found)
    }
}

/// Names in a directory, sorted; none where it does not exist.
fn names(directory: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let names = entries.map(|entry| Ok(entry?.file_name().into_string().ok()));
    let names: io::Result<Vec<_>> = names.collect();
    let mut names: Vec<_> = names?.into_iter().flatten().collect();
    names.sort();
    Ok(names)
}

#[async_trait]
impl Engine for LocalEngine {
    fn describe(&self) -> &EngineInfo {
        &self.info
    }

    async fn capacity(&self) -> Result<Capacity, EngineError> {
        let limits = MEMORY_LIMITS.into_iter().filter_map(|file| {
            let text = fs::read_to_string(file).ok()?;
            text.trim().parse().ok()
        });
        let system = rustix::system::sysinfo();
        let memory = system.totalram.saturating_mul(system.mem_unit.into());
        Ok(Capacity {
            processors: std::thread::available_parallelism()
                .map_or(1, |number| number.get() as u64),
            memory: limits.fold(memory, u64::min),
        })
    }

    async fn image(&self, reference: &str) -> Result<Option<Image>, EngineError> {
        if let Some(held) = &self.held {
            let is_it = reference == held.name || reference == held.image.id;
            return Ok(is_it.then(|| held.image.clone()));
        }
        let identity = reference.strip_prefix(THIS_CONTAINER);
        Ok(identity.and_then(|rest| match rest.strip_prefix('@') {
            Some(identity) => Some(self.this_container(Some(identity))),
            None => rest.is_empty().then(|| self.this_container(None)),
        }))
    }

    async fn provide(
        &self,
        name: &str,
        _source: ImageSource,
        _sink: &dyn Sink,
        _cancel: &CancellationToken,
    ) -> Result<Option<Image>, EngineError> {
        Err(EngineError::OneImage {
            image: name.to_owned(),
        })
    }

    async fn name(&self, _id: &str, name: &str) -> Result<(), EngineError> {
        Err(EngineError::OneImage {
            image: name.to_owned(),
        })
    }

    async fn open(&self, spec: &SessionSpec) -> Result<Box<dyn Session>, EngineError> {
        let can_cut = self.info.capabilities.cuts_network;
        let keeps_caches = spec.image != UNKNOWN;
        let session = self.places.open(spec, can_cut, keeps_caches).await?;
        Ok(Box::new(session))
    }

    async fn leftovers(&self) -> Result<Vec<Leftover>, EngineError> {
        let found = self.sessions().and_then(|mut found| {
            found.extend(self.caches()?);
            Ok(found)
        });
        found.map_err(|source| EngineError::Refused {
            operation: format!("list {}", self.places.directory.display()),
            source: Box::new(source),
        })
    }

    async fn remove(&self, leftover: &Leftover) -> Result<(), EngineError> {
        let failed = |source: io::Error| EngineError::Refused {
            operation: format!("remove {} {}", leftover.kind, leftover.name),
            source: Box::new(source),
        };
        // It becomes a path.
        if leftover.id.is_empty() || leftover.id.starts_with('.') || leftover.id.contains('/') {
            return Err(failed(io::Error::other("it has no proper name")));
        }
        let (session, cache) = (
            self.places.session(&leftover.id),
            self.places.caches().join(&leftover.id),
        );
        match leftover.kind {
            LeftoverKind::Container => end(&session),
            // A directory with nothing to undo.
            LeftoverKind::Volume => end(&cache),
            LeftoverKind::Image => Ok(()),
        }
        .map_err(failed)
    }
}
