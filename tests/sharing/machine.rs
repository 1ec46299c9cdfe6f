//! Machines that share a cache: each has a cache and results of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::attestation::openssl::pair;
use crate::scripted::parts::files;
use crate::scripted::place::{BUILD, Place, good_script, platform};
use crate::support::command::Finished;
use crate::support::running::Running;
use crate::support::scripted_engine::{Script, ScriptedEngine};

/// Several machines with the same recipes and the same upstream.
pub struct Team {
    pub place: Place,
    pub private: String,
    pub public: String,
}

/// A machine of a team.
pub struct Machine<'a> {
    team: &'a Team,
    pub name: String,
    engine: String,
}

/// A script in which what is built has a content key.
pub fn script() -> Script {
    Script {
        layers: vec![format!("sha256:{}", "1".repeat(64))],
        ..good_script()
    }
}

/// One of an engine that has no image, and gets none.
pub fn without_images() -> ScriptedEngine {
    ScriptedEngine::start(Script {
        images: Vec::new(),
        ..script()
    })
}

impl Team {
    pub fn new() -> Self {
        let place = Place::with(script());
        let (private, public) = pair(place.workplace.path(), "team", "ed25519");
        Self {
            place,
            private: private.display().to_string(),
            public: public.display().to_string(),
        }
    }

    /// A machine, with the engine of the place.
    pub fn machine(&self, name: impl Into<String>) -> Machine<'_> {
        let engine = self.place.engine.address();
        self.machine_with(name, engine)
    }

    /// A machine with another engine.
    pub fn machine_with(&self, name: impl Into<String>, engine: String) -> Machine<'_> {
        Machine {
            team: self,
            name: name.into(),
            engine,
        }
    }

    /// A layout in the workplace.
    pub fn layout(&self, name: &str) -> String {
        format!("oci:{}", self.place.workplace.path().join(name).display())
    }

    /// How many containers the engine of the place was asked to make.
    pub fn containers(&self) -> usize {
        let requests = self.place.engine.requests();
        let made = requests
            .iter()
            .filter(|asked| asked.path.contains("/containers/create"));
        made.count()
    }
}

impl Machine<'_> {
    /// The command on this machine, not started.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut all = words.to_vec();
        all.extend(["--recipe-dir", "recipes", "--host", &self.engine]);
        let mut command = self.team.place.workplace.command(&all);
        let root = self.team.place.workplace.path();
        command
            .env("KMEMBUILD_CACHE_DIR", root.join(&self.name).join("cache"))
            .env("KMEMBUILD_CONFIG_DIR", root.join(&self.name).join("config"));
        command
    }

    pub fn run(&self, words: &[&str]) -> Finished {
        self.command(words).output().expect("it starts").into()
    }

    /// Builds `tool` v1.0.0.
    pub fn build(&self, further: &[&str]) -> Finished {
        self.build_command(further)
            .output()
            .expect("it starts")
            .into()
    }

    /// Starts to build it.
    pub fn start_build(&self, further: &[&str]) -> Running {
        Running::start(&mut self.build_command(further))
    }

    pub fn build_command(&self, further: &[&str]) -> Command {
        let output = format!("{}/dist", self.name);
        let words = [&BUILD[..], &["--output", output.as_str()], further].concat();
        self.command(&words)
    }

    /// Builds it, and puts it into a shared cache.
    pub fn put(&self, cache: &str) -> Finished {
        self.build(&["--cache-to", cache, "--sign-key", &self.team.private])
    }

    /// Builds it, unless a shared cache has it.
    pub fn take(&self, cache: &str) -> Finished {
        self.build(&["--cache-from", cache, "--cache-key", &self.team.public])
    }

    pub fn path(&self) -> PathBuf {
        self.team.place.workplace.path().join(&self.name)
    }

    pub fn configure(&self, text: &str) {
        let name = format!("{}/config/config.yaml", self.name);
        self.team.place.workplace.write(&name, text);
    }

    /// The files of the result, but for what is signed.
    pub fn result(&self) -> BTreeMap<String, Vec<u8>> {
        unsigned(files(&self.path().join("dist")))
    }

    /// The only key in its cache.
    pub fn key(&self) -> String {
        let entries = fs::read_dir(self.path().join("cache/results")).expect("results");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let names: Vec<_> = names
            .map(|name| name.into_string().expect("a key"))
            .collect();
        assert_eq!(names.len(), 1, "{names:?}");
        names[0].clone()
    }

    /// Asserts that nothing half is left on it.
    #[track_caller]
    pub fn nothing_half(&self) {
        for folder in [
            self.path().join("cache/results"),
            self.path().join("dist/tool/v1.0.0"),
        ] {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let name = entry.file_name().into_string().expect("a name");
                assert!(
                    !name.starts_with('.') || name.contains(".partial-"),
                    "{name}"
                );
            }
        }
    }
}

/// Files without the statements, which may be signed, and without the sums, which have those of the statements.
pub fn unsigned(mut files: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    files.retain(|name, _| !name.contains("provenance") && !name.ends_with("SHA256SUMS"));
    files
}

/// The lines of standard error about shared caches that are warnings.
pub fn warnings(finished: &Finished) -> Vec<&str> {
    let lines = finished.stderr.lines();
    lines
        .filter(|line| line.contains("warning") && line.contains("shared cache"))
        .collect()
}

/// The directory of the result of a machine.
pub fn of_tool(machine: &Machine<'_>) -> PathBuf {
    machine
        .path()
        .join(Path::new("dist/tool/v1.0.0").join(platform()))
}
