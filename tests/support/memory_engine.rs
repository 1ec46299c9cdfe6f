//! An engine within the test process: the contract and nothing else. What runs on it needs no more of any engine.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use kmembuild::engine::{
    ByteStream, Capabilities, Capacity, Command, Engine, EngineError, EngineInfo, Exit, ExitCause,
    GuestPath, Image, ImageContent, ImageSource, Leftover, LeftoverKind, Product, Session,
    SessionSpec,
};
use kmembuild::events::{Event, Sink};
use tokio_util::sync::CancellationToken;

use super::archive::{entries, stream_of};

/// Files of a session, by path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What becomes of a command.
#[derive(Debug, Clone, Copy)]
pub enum Reaction {
    /// It prints this and exits.
    Exits(i64, ExitCause, &'static str),
    /// It goes on for ever.
    Never,
    /// The engine is gone.
    EngineGoes,
}

/// Decides what becomes of each command, which may change the files of its session.
pub type Behaviour = dyn Fn(&Command, &mut Files) -> Reaction + Send + Sync;

/// What the engine has.
#[derive(Default)]
pub struct State {
    /// Images of registries, by reference.
    pub registries: BTreeMap<String, Image>,
    /// Its own images, by name.
    pub images: BTreeMap<String, Image>,
    /// Sessions and caches, by name.
    pub leftovers: BTreeMap<String, Leftover>,
    /// The sessions that were opened.
    pub opened: Vec<SessionSpec>,
    /// Sources that images were asked from.
    pub asked: Vec<String>,
    /// Files that every session has.
    pub files: Files,
    /// What the next pull fails with.
    pub pull_fails: Option<EngineError>,
    /// Whether an image build goes on until it is stopped.
    pub endless_build: bool,
    /// Whether sessions cannot be removed.
    pub stuck: bool,
}

/// The engine.
#[derive(Clone)]
pub struct MemoryEngine {
    /// What it says of itself.
    pub info: EngineInfo,
    state: Arc<Mutex<State>>,
    behaviour: Arc<Behaviour>,
}

impl MemoryEngine {
    /// An engine that can do what the contract has but drive itself.
    pub fn new(
        behaviour: impl Fn(&Command, &mut Files) -> Reaction + Send + Sync + 'static,
    ) -> Self {
        Self {
            info: EngineInfo {
                product: Product::Other,
                version: "Memory Engine 1".to_owned(),
                api_version: String::new(),
                architecture: "amd64".to_owned(),
                address: "memory:".to_owned(),
                capabilities: Capabilities {
                    gets_images: true,
                    builds_dockerfile: true,
                    cuts_network: true,
                    limits_memory: true,
                    limits_processors: true,
                    keeps_caches: true,
                    has_host_socket: false,
                },
                instead_of: None,
            },
            state: Arc::default(),
            behaviour: Arc::new(behaviour),
        }
    }

    /// What it has now.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics within")
    }

    /// Names of its sessions.
    pub fn sessions(&self) -> Vec<String> {
        let state = self.state();
        let sessions = state.leftovers.values();
        let sessions = sessions.filter(|thing| thing.kind == LeftoverKind::Container);
        sessions.map(|thing| thing.name.clone()).collect()
    }
}

/// An image of one layer.
pub fn image(layer: &str) -> Image {
    Image {
        id: format!("image-{layer}"),
        content: ImageContent {
            layers: vec![format!("sha256:{layer}")],
            environment: Vec::new(),
            architecture: "amd64".to_owned(),
        },
        repo_digests: Vec::new(),
        labels: BTreeMap::new(),
    }
}

impl fmt::Debug for MemoryEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryEngine")
    }
}

#[async_trait]
impl Engine for MemoryEngine {
    fn describe(&self) -> &EngineInfo {
        &self.info
    }

    async fn capacity(&self) -> Result<Capacity, EngineError> {
        Ok(Capacity {
            processors: 2,
            memory: 4 << 30,
        })
    }

    async fn image(&self, reference: &str) -> Result<Option<Image>, EngineError> {
        let state = self.state();
        let by_id = || state.images.values().find(|image| image.id == reference);
        Ok(state.images.get(reference).or_else(by_id).cloned())
    }

    async fn provide(
        &self,
        name: &str,
        source: ImageSource,
        sink: &dyn Sink,
        cancel: &CancellationToken,
    ) -> Result<Option<Image>, EngineError> {
        let provided = match source {
            ImageSource::Registry {
                reference,
                expected,
                ..
            } => {
                self.state().asked.push(reference.clone());
                if let Some(error) = self.state().pull_fails.take() {
                    return Err(error);
                }
                let found = self.state().registries.get(&reference).cloned();
                let found = found.ok_or_else(|| EngineError::Refused {
                    operation: format!("pull {reference}"),
                    source: "not found".into(),
                })?;
                if expected.is_some_and(|expected| expected != found.content) {
                    let found = found.content;
                    return Err(EngineError::OtherContent { reference, found });
                }
                found
            }
            ImageSource::Dockerfile(asked) => {
                self.state().asked.push("Dockerfile".to_owned());
                let (step, line) = ("image".to_owned(), "building".to_owned());
                sink.event(&Event::Output { step, line });
                if self.state().endless_build {
                    cancel.cancelled().await;
                    return Ok(None);
                }
                let built = image("built");
                Image {
                    labels: asked.labels,
                    ..built
                }
            }
            ImageSource::RootFs { .. } => unreachable!("no test makes one"),
            // A file with nothing but the id of its image.
            ImageSource::Archive { file, .. } => {
                let id = std::fs::read_to_string(file).expect("the archive");
                let image = Image {
                    id,
                    ..image("file")
                };
                if image.id != name {
                    let image = name.to_owned();
                    return Err(EngineError::NoImage { image });
                }
                image
            }
        };
        let mut state = self.state();
        state.images.insert(name.to_owned(), provided.clone());
        Ok(Some(provided))
    }

    async fn name(&self, id: &str, name: &str) -> Result<(), EngineError> {
        let mut state = self.state();
        let image = state.images.values().find(|image| image.id == id).cloned();
        let image = image.expect("the image");
        state.images.insert(name.to_owned(), image);
        Ok(())
    }

    async fn open(&self, spec: &SessionSpec) -> Result<Box<dyn Session>, EngineError> {
        let mut state = self.state();
        let caches = spec.caches.iter().map(|cache| &cache.key);
        let caches = caches.map(|key| (LeftoverKind::Volume, key));
        for (kind, name) in caches.chain([(LeftoverKind::Container, &spec.name)]) {
            let thing = Leftover {
                kind,
                id: name.clone(),
                name: name.clone(),
                labels: spec.labels.clone(),
                running: kind == LeftoverKind::Container,
                age: None,
                size: None,
            };
            state.leftovers.entry(name.clone()).or_insert(thing);
        }
        state.opened.push(spec.clone());
        Ok(Box::new(MemorySession {
            engine: self.clone(),
            id: spec.name.clone(),
            files: Mutex::new(state.files.clone()),
        }))
    }

    async fn leftovers(&self) -> Result<Vec<Leftover>, EngineError> {
        Ok(self.state().leftovers.values().cloned().collect())
    }

    async fn remove(&self, leftover: &Leftover) -> Result<(), EngineError> {
        let mut state = self.state();
        if state.stuck {
            return Err(EngineError::Refused {
                operation: format!("remove {}", leftover.name),
                source: "it is stuck".into(),
            });
        }
        state.leftovers.remove(&leftover.name);
        Ok(())
    }
}

struct MemorySession {
    engine: MemoryEngine,
    id: String,
    files: Mutex<Files>,
}

#[async_trait]
impl Session for MemorySession {
    fn id(&self) -> &str {
        &self.id
    }

    fn entrance(&self) -> String {
        format!("enter {}", self.id)
    }

    async fn put(&self, directory: &GuestPath, archive: ByteStream) -> Result<(), EngineError> {
        for (name, _, content) in entries(archive).await {
            let path = format!("{directory}/{name}");
            self.files.lock().unwrap().insert(path, content);
        }
        Ok(())
    }

    async fn run(&self, command: &Command, sink: &dyn Sink) -> Result<Exit, EngineError> {
        let reaction = (self.engine.behaviour)(command, &mut self.files.lock().unwrap());
        match reaction {
            Reaction::Exits(code, cause, output) => {
                for line in output.lines() {
                    let (step, line) = (command.step.clone(), line.to_owned());
                    sink.event(&Event::Output { step, line });
                }
                Ok(Exit { code, cause })
            }
            Reaction::Never => std::future::pending().await,
            Reaction::EngineGoes => Err(EngineError::Lost {
                operation: format!("run step {}", command.step),
                source: "connection reset".into(),
            }),
        }
    }

    async fn get(&self, file: &GuestPath) -> Result<ByteStream, EngineError> {
        let files = self.files.lock().unwrap();
        let content = files.get(file.as_str());
        let content = content.ok_or_else(|| EngineError::NotInSession { path: file.clone() })?;
        let name = file.as_str().rsplit('/').next().unwrap_or_default();
        Ok(stream_of(&[(name, 0o755, content)]))
    }

    async fn close(&self) -> Result<(), EngineError> {
        let leftover = self.engine.state().leftovers.get(&self.id).cloned();
        match leftover {
            Some(leftover) => self.engine.remove(&leftover).await,
            None => Ok(()),
        }
    }
}
