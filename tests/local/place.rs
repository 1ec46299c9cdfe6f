//! A place for local builds: a recipe of one step, its upstream, and a directory for the step to work in.

use std::fs;
use std::path::{Path, PathBuf};

use git2::{IndexAddOption, Repository, Signature, Time};
use serde_json::Value;

use crate::support::build_place::manifest;
use crate::support::command::{Finished, Workplace};
use crate::support::running::Running;

const RECIPE: &str = r#"
format: 1
name: tool
summary: steps that a test chooses, in this very file system
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
  workdir: PLACE/work/deep/src
  network: none
  timeout: 5m
  caches: [{name: objects, path: PLACE/cached/objects}]
  steps:
    - name: script
      command: [sh, -c, SCRIPT]
outputs:
  - path: tool
"#;

/// The command line of a build.
pub const BUILD: [&str; 7] = [
    "tool",
    "--recipe-dir",
    "recipes",
    "--tag",
    "v1.0.0",
    "--engine",
    "local",
];

/// One recipe and the directories of its builds.
pub struct Place {
    pub workplace: Workplace,
}

impl Place {
    /// One whose only step is this script of a shell; `$PLACE` in it is the working directory of the command.
    pub fn new(script: &str) -> Self {
        let workplace = Workplace::new();
        let place = workplace.path().display().to_string();
        let upstream = workplace.path().join("upstream");
        let commit = make_upstream(&upstream);
        let script = serde_json::to_string(&script.replace("$PLACE", &place)).unwrap();
        let recipe = RECIPE
            .replace("UPSTREAM", &format!("file://{place}/upstream"))
            .replace("COMMIT", &commit)
            .replace("PLACE", &place)
            .replace("SCRIPT", &script);
        workplace.write("recipes/tool.yaml", &recipe);
        Self { workplace }
    }

    /// Builds to the end.
    pub fn build(&self, further: &[&str]) -> Finished {
        self.workplace.run(&[&BUILD, further].concat())
    }

    /// Starts to build.
    pub fn start(&self, further: &[&str]) -> Running {
        self.workplace.start(&[&BUILD, further].concat())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.workplace.path().join(name)
    }

    /// Directory of the result.
    pub fn result(&self) -> PathBuf {
        let versions = self.path("dist/tool/v1.0.0");
        let platform = fs::read_dir(versions).expect("a result").flatten().next();
        platform.expect("a platform").path()
    }

    /// The manifest of the result.
    pub fn manifest(&self) -> Value {
        manifest(&self.result())
    }

    /// Asserts that nothing of any build is left: no directory, no session, no registration.
    #[track_caller]
    pub fn nothing_is_left(&self) {
        for gone in ["work", "cached"] {
            assert!(!self.path(gone).exists(), "{gone} was left");
        }
        for empty in ["cache/local/sessions", "cache/runs"] {
            let left = fs::read_dir(self.path(empty))
                .into_iter()
                .flatten()
                .flatten();
            let left: Vec<_> = left.map(|entry| entry.path()).collect();
            assert!(left.is_empty(), "{left:?}");
        }
    }
}

/// A repository with one commit and one tag; the commit.
pub fn make_upstream(folder: &Path) -> String {
    let repository = Repository::init(folder).expect("a repository");
    fs::write(folder.join("main.c"), "int main(void) { return 0; }\n").expect("a file");
    let mut index = repository.index().expect("an index");
    index
        .add_all(["*"], IndexAddOption::DEFAULT, None)
        .expect("a file in the index");
    let tree = index.write_tree().expect("a tree");
    let tree = repository.find_tree(tree).expect("the tree");
    let author = Signature::new("Upstream", "up@example.org", &Time::new(1_500_000_000, 0));
    let author = author.expect("an author");
    let commit = repository
        .commit(Some("HEAD"), &author, &author, "first", &tree, &[])
        .expect("a commit");
    repository
        .reference("refs/tags/v1.0.0", commit, false, "")
        .expect("a tag");
    commit.to_string()
}

/// Whether a process lives whose command line holds `mark`.
pub fn lives(mark: &str) -> bool {
    let processes = fs::read_dir("/proc").expect("/proc").flatten();
    processes
        .filter_map(|process| fs::read(process.path().join("cmdline")).ok())
        .any(|line| String::from_utf8_lossy(&line).contains(mark))
}
