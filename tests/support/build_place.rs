//! A place to build in: recipe, source and results of one test, and the removal of what it made on the engine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::command::{Finished, Workplace};
use super::docker_command::{docker, docker_succeeds};
use super::running::Running;
use super::shaped_project::{ShapedProject, copy};

/// What a step does, as a command of the shell, to wait until [`BuildPlace::let_go`] or the end of its container.
pub const WAIT: &str = "until test -e /tmp/go; do sleep 0.1; done";

/// One test's recipe with a name of its own, the project it builds, and a home to build in. Everything on the engine
/// that carries the recipe's name is removed when this is dropped, after a panic too.
pub struct BuildPlace {
    /// Home, cache and working directory.
    pub place: Workplace,
    /// The source.
    pub project: ShapedProject,
    /// The recipe's name.
    pub recipe: String,
    keep: bool,
}

impl BuildPlace {
    /// A copy of the fixture recipe `shaped` under a name of its own, with texts in it replaced.
    pub fn shaped(name: &str, replacements: &[(&str, &str)]) -> Self {
        let recipe = unique(name);
        Self::with(recipe, "shaped", replacements, false)
    }

    /// The fixture recipe `shaped` itself. The image that it bootstraps stays on the engine for the next run.
    pub fn shaped_itself() -> Self {
        Self::with("shaped".to_owned(), "shaped", &[], true)
    }

    /// A recipe of one step, the shell script, that is to leave one file.
    pub fn steps(name: &str, script: &str, output: &str) -> Self {
        let replacements = [("@SCRIPT@", script), ("@OUTPUT@", output)];
        Self::with(unique(name), "steps", &replacements, false)
    }

    fn with(recipe: String, fixture: &str, replacements: &[(&str, &str)], keep: bool) -> Self {
        let place = Workplace::new();
        let fixtures = Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/fixtures/recipes"
        ));
        copy(
            &fixtures.join("patches"),
            &place.path().join("recipes/patches"),
        );
        let text = fs::read_to_string(fixtures.join(format!("{fixture}.yaml")));
        let mut text = text
            .expect("the fixture recipe")
            .replace("@NAME@", &recipe)
            .replace("name: shaped\n", &format!("name: {recipe}\n"));
        for (old, new) in replacements {
            assert!(text.contains(old), "the recipe has no {old:?}");
            text = text.replace(old, new);
        }
        place.write(&format!("recipes/{recipe}.yaml"), &text);
        let project = ShapedProject::serve();
        Self {
            place,
            project,
            recipe,
            keep,
        }
    }

    /// The command line of a build of `tag`.
    pub fn words(&self, tag: &str, further: &[&str]) -> Vec<String> {
        let url = self.project.url();
        let words = [self.recipe.as_str(), "--recipe-dir", "recipes"];
        // The fixture recipes pin nothing.
        let source = ["--source", &url, "--unpinned", "--tag", tag];
        let words = [&words, source.as_slice(), further].concat();
        words.into_iter().map(str::to_owned).collect()
    }

    /// Builds `tag`.
    pub fn build(&self, tag: &str, further: &[&str]) -> Finished {
        let words = self.words(tag, further);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.place.run(&words)
    }

    /// The command that builds `tag`, not started.
    pub fn command(&self, tag: &str, further: &[&str]) -> Command {
        let words = self.words(tag, further);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.place.command(&words)
    }

    /// Starts a build of `tag`.
    pub fn start(&self, tag: &str, further: &[&str]) -> Running {
        let words = self.words(tag, further);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.place.start(&words)
    }

    /// Folder of the result of `version` below the output folder `output`.
    pub fn result_in(&self, output: &str, version: &str) -> PathBuf {
        let folder = self.place.path().join(output).join(&self.recipe);
        let folder = folder.join(version);
        folder.join(format!("linux-{}", architecture()))
    }

    /// Folder of the result of `version` below the usual output folder.
    pub fn result(&self, version: &str) -> PathBuf {
        self.result_in("dist", version)
    }

    /// The manifest of the result of `version`.
    pub fn manifest(&self, version: &str) -> Value {
        manifest(&self.result(version))
    }

    /// Ids of the engine's containers of this recipe, those that the engine's builder made for its image included.
    pub fn containers(&self) -> Vec<String> {
        let mut list = vec!["ps", "-a"];
        if self.keep {
            // What other tests make from the image that stays inherits its labels. The tool's own containers have a lifetime;
            // the others belong to the engine's builder, which leaves containers behind when one of them is taken away from it.
            list.extend(["--filter", "label=io.kmembuild.lifetime"]);
        }
        self.labelled(&list)
    }

    /// Lets the steps go on that [`WAIT`] now.
    pub fn let_go(&self) {
        for container in self.containers() {
            // One that waits for nothing may be gone by now.
            docker_succeeds(&["exec", &container, "touch", "/tmp/go"]);
        }
    }

    /// Asserts that neither the engine nor the cache holds anything of a run.
    #[track_caller]
    pub fn assert_nothing_is_left(&self) {
        let containers = self.containers();
        let told = containers.iter().map(|id| docker(&["inspect", id]));
        assert!(
            containers.is_empty(),
            "left behind: {containers:?}\n{}",
            told.collect::<String>()
        );
        let runs = entries(&self.place.path().join("cache/runs"));
        assert!(runs.is_empty(), "left behind: {runs:?}");
        if let Ok(versions) = fs::read_dir(self.place.path().join("dist").join(&self.recipe)) {
            for version in versions.flatten() {
                let names = entries(&version.path());
                let partial = names.iter().any(|name| name.contains(".partial-"));
                assert!(!partial, "left behind: {names:?}");
            }
        }
    }

    /// Removes the compile caches of this recipe.
    pub fn remove_caches(&self) {
        for volume in self.labelled(&["volume", "ls"]) {
            docker(&["volume", "rm", &volume]);
        }
    }

    fn labelled(&self, list: &[&str]) -> Vec<String> {
        let filter = format!("label=io.kmembuild.recipe={}", self.recipe);
        let found = docker(&[list, &["-q", "--filter", &filter]].concat());
        found.lines().map(str::to_owned).collect()
    }
}

impl Drop for BuildPlace {
    fn drop(&mut self) {
        for container in self.containers() {
            docker_succeeds(&["rm", "-f", "-v", &container]);
        }
        for volume in self.labelled(&["volume", "ls"]) {
            docker_succeeds(&["volume", "rm", "-f", &volume]);
        }
        if !self.keep {
            for image in self.labelled(&["images"]) {
                docker_succeeds(&["rmi", "-f", &image]);
            }
        }
    }
}

/// The manifest in a result's folder.
pub fn manifest(result: &Path) -> Value {
    let text = fs::read_to_string(result.join("manifest.json")).expect("a manifest");
    serde_json::from_str(&text).expect("the manifest is JSON")
}

/// Names in a folder, sorted; none when it is not there.
pub fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The engine's architecture in Go's terms.
pub fn architecture() -> String {
    docker(&["version", "--format", "{{.Server.Arch}}"])
}

/// A name that no test process beside this one uses.
fn unique(name: &str) -> String {
    format!("test-{name}-{}", std::process::id())
}
