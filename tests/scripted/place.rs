//! A workplace with a recipe, the recipe's upstream and a scripted engine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use kmembuild::cli::{GlobalOption, global_options};

use super::program::without_accounting;
use super::upstream::{make_upstream, recipe};
use crate::support::command::{Finished, Workplace};
use crate::support::leaking_node;
use crate::support::running::Running;
use crate::support::scripted_engine::{Ending, Script, ScriptedEngine, Step};

/// The image that the recipe names.
pub const IMAGE: &str = "toolchain:1";

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
        Self::at(Workplace::new(), script)
    }

    /// The same in that workplace.
    pub fn at(workplace: Workplace, script: Script) -> Self {
        let commit = make_upstream(&workplace.path().join("upstream"));
        workplace.write("recipes/tool.yaml", &recipe(&commit));
        Self {
            workplace,
            engine: ScriptedEngine::start(script),
            commit,
        }
    }

    /// Pins v1.0.0 to another commit.
    pub fn pin(&self, commit: &str) {
        self.workplace.write("recipes/tool.yaml", &recipe(commit));
    }

    /// Runs a command to its end, with the recipes and the engine named.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        let address = self.engine.address();
        self.workplace.run(&with_always(arguments, &address))
    }

    /// The same with `input` on a pipe.
    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Finished {
        let address = self.engine.address();
        self.workplace
            .run_with_input(&with_always(arguments, &address), input)
    }

    /// The command with the recipes and the engine named, as a line of a shell.
    pub fn line(&self, arguments: &[&str]) -> String {
        let address = self.engine.address();
        let program = [env!("CARGO_BIN_EXE_kmembuild")];
        let words = with_always(arguments, &address);
        shlex::try_join(program.into_iter().chain(words)).expect("words")
    }

    /// The same on a node with the leak.
    pub fn line_on_a_node(&self, arguments: &[&str]) -> String {
        let address = self.engine.address();
        leaking_node::line(&with_always(arguments, &address))
    }

    /// The command with the recipes and the engine named, not started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let address = self.engine.address();
        self.workplace.command(&with_always(arguments, &address))
    }

    /// Builds v1.0.0 to its end.
    pub fn build(&self, further: &[&str]) -> Finished {
        self.run(&[&BUILD, further].concat())
    }

    /// Starts to build v1.0.0.
    pub fn start_build(&self, further: &[&str]) -> Running {
        let address = self.engine.address();
        let build = [&BUILD, further].concat();
        self.workplace.start(&with_always(&build, &address))
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

/// The arguments with the recipes and the engine, where the command has use for them.
fn with_always<'a>(arguments: &[&'a str], address: &'a str) -> Vec<&'a str> {
    let path = |words: usize| arguments.get(..words).and_then(global_options);
    let known = path(2).or_else(|| path(1));
    let has = |option| known.is_none_or(|known| known.contains(&option));
    let mut words = arguments.to_vec();
    if has(GlobalOption::RecipeDir) {
        words.extend(["--recipe-dir", "recipes"]);
    }
    if has(GlobalOption::Host) {
        words.extend(["--host", address]);
    }
    words
}

/// Builds v1.0.0.
pub const BUILD: [&str; 5] = ["tool", "--tag", "v1.0.0", "--source", "upstream"];

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
