//! A small plan and everything that carrying it out takes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use kmembuild::engine::{Command, ExitCause, ImageContent};
use kmembuild::events::Event;
use kmembuild::execute::{Built, Context, ExecuteError, Run, UsedImage, execute, provide_image};
use kmembuild::plan::{PLAN_FORMAT, Plan};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::support::memory_engine::{Files, MemoryEngine, Reaction, image};
use crate::support::recorder::Recorder;

/// Name of the toolchain image.
pub const IMAGE: &str = "toolchain:1";
/// Where it comes from.
pub const MIRRORS: [&str; 2] = ["first.example/toolchain:1", "second.example/toolchain:1"];

/// A plan of one step, `make`, that makes `/src/tool` of the sources in its image. `change` changes its JSON.
pub fn plan(change: impl FnOnce(&mut Value)) -> Plan {
    let mut plan = json!({
        "format": PLAN_FORMAT,
        "recipe": {"name": "tool", "sha256": "0"},
        "version": "v1",
        "platform": "linux-amd64",
        "architecture": "amd64",
        "class": null,
        "targets": [],
        "source": {"directory": {"path": "/src", "package": "tool-source"}},
        "image": {"registry": {"name": IMAGE, "candidates": MIRRORS}},
        "build": {
            "workdir": "/src",
            "network": "none",
            "caches": [{"name": "objects", "path": "/cache"}],
            "files": [],
            "toolchain": null,
            "needs": {"memory": null, "disk": null, "could-save-memory": false},
            "limits": {"memory": null, "nano-cpus": null, "timeout-seconds": 600},
            "via": "make",
            "script": null,
            "steps": [{"name": "compile", "command": ["make"], "environment": {}}],
        },
        "outputs": [{"path": "/src/tool", "name": "tool", "expectations": {}}],
        "further-outputs": [],
        "warnings": [],
    });
    change(&mut plan);
    serde_json::from_value(plan).expect("it is a plan")
}

/// An image that is built by a Dockerfile, in the JSON of a plan.
pub fn by_dockerfile() -> Value {
    json!({"dockerfile": {
        "way": "lean",
        "bases": [],
        "dockerfile": "Dockerfile",
        "text": "FROM scratch",
        "patches": [],
        "arguments": {},
        "identity": "0123456789abcdef",
    }})
}

/// An engine whose mirrors all have the image, and where `make` ends like this.
pub fn engine_with_make(make: Reaction) -> MemoryEngine {
    engine_that(move |_, _| make)
}

/// The same with an own `make`.
pub fn engine_that(
    make: impl Fn(&Command, &mut Files) -> Reaction + Send + Sync + 'static,
) -> MemoryEngine {
    let engine = MemoryEngine::new(move |command, files| {
        match command.command[0].as_str() {
            // There are sources, and it is not a Debian image.
            "test" => Reaction::Exits(0, ExitCause::Ended, ""),
            "dpkg-query" => Reaction::Exits(127, ExitCause::Ended, ""),
            "make" => {
                files.insert("/src/tool".to_owned(), b"a program".to_vec());
                make(command, files)
            }
            other => panic!("nobody planned {other}"),
        }
    });
    for mirror in MIRRORS {
        let image = image("toolchain");
        engine.state().registries.insert(mirror.to_owned(), image);
    }
    engine
}

/// `make` succeeds.
pub const SUCCESS: Reaction = Reaction::Exits(0, ExitCause::Ended, "compiling");

/// What a plan is carried out with.
#[expect(clippy::struct_excessive_bools, reason = "as in what it fills")]
pub struct Place {
    pub engine: MemoryEngine,
    pub recorder: Recorder,
    pub cancel: CancellationToken,
    pub locked: BTreeMap<String, ImageContent>,
    pub archive: Option<PathBuf>,
    pub offline: bool,
    pub own_images: bool,
    pub require_no_network: bool,
    pub require_limits: bool,
    pub keep: bool,
    folder: TempDir,
}

impl Place {
    pub fn new(engine: MemoryEngine) -> Self {
        Self {
            engine,
            recorder: Recorder::default(),
            cancel: CancellationToken::new(),
            locked: BTreeMap::new(),
            archive: None,
            offline: false,
            own_images: false,
            require_no_network: false,
            require_limits: false,
            keep: false,
            folder: tempfile::tempdir().expect("a temporary directory"),
        }
    }

    /// A directory of this machine.
    pub fn path(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(&path).expect("a directory");
        path
    }

    /// Gets the image.
    pub async fn provide(&self, plan: &Plan, run: &Run) -> Result<UsedImage, ExecuteError> {
        let locks = self.path("locks");
        provide_image(plan, &self.engine.info, &self.context(run, &locks)).await
    }

    /// Carries the plan out in a run of its own.
    pub async fn build(&self, plan: &Plan) -> Result<Built, ExecuteError> {
        let run = self.begin();
        self.build_in(plan, &run).await
    }

    /// Carries the plan out.
    pub async fn build_in(&self, plan: &Plan, run: &Run) -> Result<Built, ExecuteError> {
        let image = self.provide(plan, run).await?;
        let (locks, staging) = (self.path("locks"), self.staging(run));
        let context = self.context(run, &locks);
        execute(plan, &self.engine.info, image, &context, &staging).await
    }

    /// Where the outputs of a run go.
    pub fn staging(&self, run: &Run) -> PathBuf {
        self.path(&format!("staging-{}", run.id()))
    }

    pub fn begin(&self) -> Run {
        Run::begin(&self.path("runs"), &self.engine.info.address).expect("a run")
    }

    fn context<'a>(&'a self, run: &'a Run, locks: &'a std::path::Path) -> Context<'a> {
        const NO_PATCHES: &BTreeMap<String, String> = &BTreeMap::new();
        Context {
            engine: &self.engine,
            store: None,
            patches: NO_PATCHES,
            image_archive: self.archive.as_deref(),
            debian_mirror: None,
            run,
            locks,
            offline: self.offline,
            bundle: None,
            locked_images: &self.locked,
            locked_by: "the lock file",
            own_images: self.own_images,
            last: None,
            require_no_network: self.require_no_network,
            require_limits: self.require_limits,
            keep: self.keep,
            stall: Duration::from_mins(1),
            sink: &self.recorder,
            cancel: &self.cancel,
        }
    }

    /// The warnings so far.
    pub fn warnings(&self) -> Vec<String> {
        let events = self.recorder.events().into_iter();
        let warnings = events.filter_map(|event| match event {
            Event::Warning(warning) => Some(warning.to_string()),
            _ => None,
        });
        warnings.collect()
    }

    /// Asserts that no session is left.
    #[track_caller]
    pub fn nothing_is_left(&self) {
        assert_eq!(self.engine.sessions(), Vec::<String>::new());
    }
}
