//! Engines by the runtimes of this machine, and places for builds with them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use kmembuild::engine::{Engine, RuntimeSettings, connect_runtime};
use kmembuild::transport::ClientSettings;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::build_place::manifest;
use crate::support::command::{Finished, Workplace};
use crate::support::contract::Subject;
use crate::support::preflight::installed;
use crate::support::running::Running;
use crate::support::small_image::{small_root, write_image};

/// The engine with a runtime of that name, in a directory.
pub async fn engine_in(directory: &Path, runtime: &str) -> Arc<dyn Engine> {
    let program = installed(runtime).get_program().to_owned();
    let search = std::env::var_os("PATH").expect("a path");
    let found = std::env::split_paths(&search)
        .map(|directory| directory.join(&program))
        .find(|path| path.is_file());
    let settings = RuntimeSettings {
        directory: directory.to_owned(),
        keeper: env!("CARGO_BIN_EXE_kmembuild").into(),
        program: found,
        search: None,
        client: ClientSettings::default(),
        instead_of: None,
    };
    let engine = connect_runtime(settings).await;
    engine.expect("these tests are run by root, who may mount and make cgroups")
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

const RECIPE: &str = r#"
format: 1
name: NAME
summary: steps that a test chooses, in a small image
source:
  git:
    urls: ["UPSTREAM"]
    tags: {v1.0.0: COMMIT}
architectures:
  amd64: {}
  arm64: {}
images:
  default: registry
  registry: {name: "toolchain:1"}
build:
  workdir: /work/src
  network: none
  timeout: 5m
  caches: [{name: objects, path: /cached/objects}]
  steps:
    - name: script
      command: [sh, -c, SCRIPT]
outputs:
  - path: tool
"#;

/// A recipe of one step in the small image, and the directories of its builds.
pub struct Place {
    pub workplace: Workplace,
    /// Name of the recipe, which no other place has.
    pub name: String,
    runtime: &'static str,
}

impl Place {
    /// One whose only step is this script of a shell.
    pub fn new(runtime: &'static str, script: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("tool-{}-{number}", std::process::id());
        let workplace = Workplace::new();
        let place = workplace.path().display().to_string();
        let commit = crate::local::make_upstream(&workplace.path().join("upstream"));
        let script = serde_json::to_string(script).unwrap();
        let recipe = RECIPE
            .replace("NAME", &name)
            .replace("UPSTREAM", &format!("file://{place}/upstream"))
            .replace("COMMIT", &commit)
            .replace("SCRIPT", &script);
        workplace.write(&format!("recipes/{name}.yaml"), &recipe);
        write_image(
            &workplace.path().join("image.tar"),
            &[small_root().into()],
            None,
        );
        Self {
            workplace,
            name,
            runtime,
        }
    }

    fn words<'a>(&'a self, further: &[&'a str]) -> Vec<&'a str> {
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
        self.workplace.run(&self.words(further))
    }

    /// Starts to build.
    pub fn start(&self, further: &[&str]) -> Running {
        self.workplace.start(&self.words(further))
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
        assert!(!crate::local::lives(
            &self.workplace.path().join("cache").display().to_string()
        ));
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
