//! A workplace with a recipe, the recipe's upstream and a scripted engine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use git2::{IndexAddOption, Repository, Signature, Time};

use super::program::without_accounting;
use crate::support::command::{Finished, Workplace};
use crate::support::scripted_engine::{Ending, Script, ScriptedEngine, Step};

/// The image that the recipe names.
pub const IMAGE: &str = "toolchain:1";

const RECIPE: &str = r#"
format: 1
name: tool
summary: a tool that is built on an engine that runs nothing
source:
  git:
    urls: [file:///nowhere/tool.git]
    tags: {v1.0.0: COMMIT}
architectures:
  amd64: {cross-from: [arm64]}
  arm64: {cross-from: [amd64]}
classes:
  - name: accounting
    summary: accounting is there
    when: [{exists: kmem.go}]
  - name: nothing
    summary: there is no accounting
    when: [{missing: kmem.go}]
    not-needed: this version never turns accounting on
values:
  cross_arch:
    - {value: "{{arch}}", cross: true}
images:
  default: registry
  mirrors: [last.example]
  registry: {name: "toolchain:1"}
build:
  workdir: /src
  network: none
  memory: 1GiB
  timeout: 10m
  caches: [{name: objects, path: /cache}]
  steps:
    - name: configure
      command: [./configure]
    - name: compile
      command: [make, "GOARCH={{cross_arch}}", tool]
      environment: {VERSION: "{{bare_version}}"}
outputs:
  - path: tool
    checks:
      kmem: "off"
      static: true
      version: {arguments: [--version], contains: ["tool version {{bare_version}}"]}
  - path: extra/reader
    checks: {static: true}
"#;

/// Everything that a build needs.
pub struct Place {
    /// Where the command is run.
    pub workplace: Workplace,
    /// The engine.
    pub engine: ScriptedEngine,
    /// Commit of v1.0.0.
    pub commit: String,
}

impl Place {
    /// One in which `tool` v1.0.0 builds well. v2.0.0 needs no build.
    pub fn new() -> Self {
        Self::with(good_script())
    }

    /// One with this script.
    pub fn with(script: Script) -> Self {
        let workplace = Workplace::new();
        let commit = make_upstream(&workplace.path().join("upstream"));
        workplace.write("recipes/tool.yaml", &RECIPE.replace("COMMIT", &commit));
        Self {
            workplace,
            engine: ScriptedEngine::start(script),
            commit,
        }
    }

    /// Pins v1.0.0 to another commit.
    pub fn pin(&self, commit: &str) {
        let recipe = RECIPE.replace("COMMIT", commit);
        self.workplace.write("recipes/tool.yaml", &recipe);
    }

    /// The command with the recipes and the engine named; not started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let address = self.engine.address();
        let always = ["--recipe-dir", "recipes", "--host", &address];
        self.workplace.command(&[arguments, &always].concat())
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        self.command(arguments).output().expect("it starts").into()
    }

    /// Builds v1.0.0 to its end.
    pub fn build(&self, further: &[&str]) -> Finished {
        self.run(&[&BUILD, further].concat())
    }

    /// Starts to build v1.0.0.
    pub fn start_build(&self, further: &[&str]) -> Child {
        let mut command = self.command(&[&BUILD, further].concat());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("it starts")
    }

    /// Builds v1.0.0 well, and then puts a mark into the result by which it is known again.
    pub fn publish_first(&self) {
        self.build(&[]).code(0);
        fs::write(self.result().join("mark"), "first").expect("a mark");
    }

    /// Asserts that the result of [`Place::publish_first`] is still there.
    #[track_caller]
    pub fn first_is_untouched(&self) {
        assert!(self.result().join("mark").exists(), "it was replaced");
        assert!(self.result().join("manifest.json").exists());
    }

    /// Folder of the result of v1.0.0.
    pub fn result(&self) -> PathBuf {
        self.versions().join(platform())
    }

    /// Folder of the record of a failed build of v1.0.0.
    pub fn failed(&self) -> PathBuf {
        self.versions().join(format!("{}.failed", platform()))
    }

    /// Folder above both.
    pub fn versions(&self) -> PathBuf {
        self.workplace.path().join("dist/tool/v1.0.0")
    }

    /// Asserts that a run that is over left no container and no half result.
    #[track_caller]
    pub fn nothing_is_left(&self) {
        assert_eq!(self.engine.containers_left(), Vec::<String>::new());
        self.no_half_result();
    }

    /// Names of the files by which runs are known.
    pub fn registrations(&self) -> Vec<String> {
        names(&self.workplace.path().join("cache/runs"))
    }

    /// Asserts that beside results and records of failures there is nothing.
    #[track_caller]
    pub fn no_half_result(&self) {
        for name in names(&self.versions()) {
            let whole = name.starts_with("linux-");
            assert!(whole, "{name} is left");
        }
    }
}

const BUILD: [&str; 5] = ["tool", "--tag", "v1.0.0", "--source", "upstream"];

/// Platform of the engine.
pub fn platform() -> String {
    format!("linux-{}", architecture())
}

/// Architecture of the engine.
pub fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// A script by which `tool` builds well.
pub fn good_script() -> Script {
    let says = |lines: &[&str]| Step::says(lines, Ending::Exit(0));
    let program = without_accounting();
    Script {
        images: vec![IMAGE.to_owned()],
        steps: vec![
            ("./configure".to_owned(), says(&["checking for cc"])),
            (
                "make".to_owned(),
                says(&["compiling", "linking"]).complains(&["a warning of the compiler"]),
            ),
            (
                "/src/tool --version".to_owned(),
                says(&["tool version 1.0.0"]),
            ),
        ],
        files: [
            ("/src/tool".to_owned(), program.clone()),
            ("/src/extra/reader".to_owned(), program),
        ]
        .into(),
        ..Script::default()
    }
}

/// A script in which the step `make` is another than in the good one.
pub fn script_with_make(make: Step) -> Script {
    let mut script = good_script();
    script.steps.insert(0, ("make".to_owned(), make));
    script
}

/// Names in a folder, in order; none when it is not there.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Makes upstream's repository; returns the commit of v1.0.0.
fn make_upstream(folder: &Path) -> String {
    let repository = Repository::init(folder).expect("a repository");
    let commit = |parent: Option<git2::Oid>, tag: &str| {
        let mut index = repository.index().expect("an index");
        index
            .add_all(["*"], IndexAddOption::DEFAULT, None)
            .and_then(|()| index.update_all(["*"], None))
            .expect("files in the index");
        let tree = index.write_tree().expect("a tree");
        let tree = repository.find_tree(tree).expect("the tree");
        let author = Signature::new("Upstream", "up@example.org", &Time::new(1_500_000_000, 0));
        let author = author.expect("an author");
        let parents: Vec<_> = parent
            .map(|id| repository.find_commit(id).expect("the parent"))
            .into_iter()
            .collect();
        let parents: Vec<_> = parents.iter().collect();
        let id = repository
            .commit(Some("HEAD"), &author, &author, tag, &tree, &parents)
            .expect("a commit");
        repository
            .reference(&format!("refs/tags/{tag}"), id, false, "")
            .expect("a tag");
        id
    };
    fs::write(folder.join("kmem.go"), "package tool\n").expect("a file");
    fs::write(folder.join("main.go"), "package main\n").expect("a file");
    let first = commit(None, "v1.0.0");
    fs::remove_file(folder.join("kmem.go")).expect("the file");
    commit(Some(first), "v2.0.0");
    first.to_string()
}
