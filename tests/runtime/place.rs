//! Engines by the runtimes of this machine, and places for builds with them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use kmembuild::engine::{Engine, RuntimeSettings, connect_runtime};
use kmembuild::transport::ClientSettings;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::build_place::manifest;
use crate::support::command::{Finished, Workplace};
use crate::support::contract::Subject;
use crate::support::ordinary_user::{IDS, OrdinaryUser};
use crate::support::preflight::installed;
use crate::support::processes::living;
use crate::support::running::Running;
use crate::support::small_image::{small_root, write_image};
use crate::support::step_recipe::write_recipe;

/// The engine with a runtime of that name, in a directory.
pub async fn engine_in(directory: &Path, runtime: &str) -> Arc<dyn Engine> {
    let program = installed(runtime).get_program().to_owned();
    let search = std::env::var_os("PATH").expect("a path");
    let found = std::env::split_paths(&search)
        .map(|directory| directory.join(&program))
        .find(|path| path.is_file());
    let settings = RuntimeSettings {
        directory: directory.to_owned(),
        // Another user finds it elsewhere.
        keeper: std::env::var_os("KMEMBUILD_TEST_KEEPER")
            .unwrap_or_else(|| env!("CARGO_BIN_EXE_kmembuild").into())
            .into(),
        program: found,
        // For the programs that give an ordinary user's namespace its ids.
        search: Some(search),
        client: ClientSettings::default(),
        instead_of: None,
    };
    let engine = connect_runtime(settings).await;
    engine.expect("whoever runs these tests may mount and make cgroups, or has subordinate ids")
}

/// An engine of its own for a test.
pub async fn subject_of(runtime: &str, test: &str) -> Subject {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let engine = engine_in(&folder.path().join("runtime"), runtime).await;
    let run = format!(
        "kmembuild-test-{}-{runtime}-{}",
        std::process::id(),
        test.replace('_', "-")
    );
    Subject::new(engine, run, Box::new(folder)).await
}

/// A recipe of one step in the small image, and the directories of its builds.
pub struct Place {
    pub workplace: Workplace,
    /// Name of the recipe, which no other place has.
    pub name: String,
    runtime: &'static str,
    /// Who builds, if that is not root.
    user: Option<OrdinaryUser>,
}

impl Place {
    /// One whose only step is this script of a shell.
    pub fn new(runtime: &'static str, script: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("tool-{}-{number}", std::process::id());
        let workplace = Workplace::new();
        write_recipe(&workplace, &name, "", script);
        let place = Self {
            workplace,
            name,
            runtime,
            user: None,
        };
        place.image(&[small_root().into()]);
        place
    }

    /// One that belongs to an ordinary user, who builds there.
    pub fn of_ordinary_user(runtime: &'static str, script: &str) -> Self {
        let place = Self::new(runtime, script);
        let user = Some(OrdinaryUser::of(place.workplace.path()));
        Self { user, ..place }
    }

    /// The image of the builds has these layers from now on.
    pub fn image(&self, layers: &[Bytes]) {
        write_image(&self.path("image.tar"), layers, None);
    }

    pub fn words<'a>(&'a self, further: &[&'a str]) -> Vec<&'a str> {
        let own = [
            &*self.name,
            "--recipe-dir",
            "recipes",
            "--tag",
            "v1.0.0",
            "--runtime",
            self.runtime,
        ];
        let image = ["--image-archive", "image.tar"];
        [&own[..], &image, further].concat()
    }

    /// Builds to the end.
    pub fn build(&self, further: &[&str]) -> Finished {
        self.run(&self.words(further))
    }

    /// Builds as an ordinary user with these subordinate ids.
    pub fn build_with(&self, ids: &str, further: &[&str]) -> Finished {
        let mut command = self.command(ids, &self.words(further));
        command.output().expect("the command starts").into()
    }

    /// Starts to build.
    pub fn start(&self, further: &[&str]) -> Running {
        match self.user {
            None => self.workplace.start(&self.words(further)),
            Some(_) => Running::start(&mut self.command(IDS, &self.words(further))),
        }
    }

    /// Runs the command to its end.
    pub fn run(&self, words: &[&str]) -> Finished {
        let output = self.command(IDS, words).output();
        output.expect("the command starts").into()
    }

    /// Runs another program as the one who builds.
    pub fn as_user(&self, words: &[&str]) -> Finished {
        let (program, words) = words.split_first().expect("a program");
        let command = match &self.user {
            None => Command::new(program),
            Some(user) => user.command(IDS, program),
        };
        let output = self.workplace.set_up(command, words).output();
        output.expect("the program starts").into()
    }

    fn command(&self, ids: &str, words: &[&str]) -> Command {
        match &self.user {
            None => self.workplace.command(words),
            Some(user) => {
                let program = user.program(env!("CARGO_BIN_EXE_kmembuild"));
                self.workplace.set_up(user.command(ids, program), words)
            }
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.workplace.path().join(name)
    }

    /// The manifest of the result.
    pub fn manifest(&self) -> Value {
        let versions = self.path(&format!("dist/{}/v1.0.0", self.name));
        let platform = fs::read_dir(versions).expect("a result").flatten().next();
        manifest(&platform.expect("a platform").path())
    }

    /// Asserts that nothing of any build was published. Logs of failed ones are for people.
    #[track_caller]
    pub fn nothing_is_published(&self) {
        let versions = self.path(&format!("dist/{}/v1.0.0", self.name));
        let results = names(&versions);
        // What a killed one was about to publish is hidden, and removed by the next one.
        let published = results
            .iter()
            .filter(|name| !name.ends_with(".failed") && !name.starts_with(".linux-"));
        assert_eq!(published.count(), 0, "{results:?}");
    }

    /// Asserts that nothing of any build is left: no session, no registration, no container, no mount, no cgroup.
    #[track_caller]
    pub fn nothing_is_left(&self) {
        for empty in [
            "cache/runtime/sessions",
            "cache/runtime/state",
            "cache/runs",
        ] {
            assert_eq!(names(&self.path(empty)), [""; 0], "{empty}");
        }
        let partial = names(&self.path("cache/runtime/images"));
        assert!(
            partial.iter().all(|name| !name.starts_with('.')),
            "{partial:?}"
        );
        self.nothing_goes_on();
        let mounts = fs::read_to_string("/proc/self/mounts").expect("the mounts");
        let own = self.workplace.path().display().to_string();
        assert!(!mounts.contains(&own), "{mounts}");
    }

    /// Asserts that no process has this place on its command line, and no cgroup is named after a build of it.
    #[track_caller]
    pub fn nothing_goes_on(&self) {
        let cache = self.path("cache").display().to_string();
        assert_eq!(living(&cache), [""; 0]);
        assert_eq!(cgroups(&format!("kmembuild-{}-", self.name)), [""; 0]);
    }
}

/// Names in a directory, sorted; none where it does not exist.
pub fn names(directory: &Path) -> Vec<String> {
    crate::support::build_place::entries(directory)
}

/// The cgroups of this machine whose names begin so.
pub fn cgroups(beginning: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut directories = vec![PathBuf::from("/sys/fs/cgroup")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            if entry.file_name().to_string_lossy().starts_with(beginning) {
                found.push(entry.path().display().to_string());
            }
            directories.push(entry.path());
        }
    }
    found
}

/// A directory, and the engine in it.
pub async fn engine() -> (TempDir, Arc<dyn Engine>) {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let engine = engine_in(&folder.path().join("cache/runtime"), "runc").await;
    (folder, engine)
}
