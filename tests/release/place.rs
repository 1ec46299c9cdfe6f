//! A place with a release file over two recipes.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::build_place::{BuildPlace, architecture};
use crate::support::command::Finished;
use crate::support::debian_image::debian_image;
use crate::support::running::Running;

/// Tags of the project that need a build, and one that does not.
pub const NEEDED: [&str; 4] = ["v1.0.0-rc4", "v1.0.0-rc9", "v1.0.0-rc10", "v1.0.0-rc93"];
pub const NOT_NEEDED: &str = "v1.0.0-rc94";

/// Two recipes for one project: the one of the build place, which runs `script`, and another one which knows which
/// releases need it, and copies a program that was built without accounting.
pub struct ReleasePlace {
    pub build: BuildPlace,
    pub other: String,
}

impl ReleasePlace {
    /// `name` tells the tests' recipes apart. The first recipe's script is `script` and has to make the file `out`.
    pub fn new(name: &str, script: &str) -> Self {
        debian_image();
        let build = BuildPlace::steps(name, script, "out");
        let other = format!("{}-other", build.recipe);
        let path = build.place.path().join("recipes");
        let text = fs::read_to_string(path.join(format!("{}.yaml", build.recipe)));
        let text = text.expect("the recipe");
        let text = text
            .replace(&format!("name: \"{}\"", build.recipe), &format!("name: \"{other}\""))
            .replace(script, "echo other; cp /bin/true out")
            .replace(
                "images:\n",
                "classes:\n  - name: ignored\n    summary: ignores kernel-memory settings\n    when:\n      - missing: libcontainer/cgroups/fs/kmem.go\n      - lacks: {file: libcontainer/cgroups/fs/memory.go, text: KernelMemoryAccounting}\n    not-needed: this release ignores kernel-memory settings\n  - name: needed\n    summary: any other\n    when: []\n\nimages:\n",
            );
        build.place.write(&format!("recipes/{other}.yaml"), &text);
        Self { build, other }
    }

    /// Writes the release file; `{first}`, `{other}` and `{url}` stand for the recipes and the source.
    pub fn write(&self, text: &str) -> PathBuf {
        let text = text
            .replace("{first}", &self.build.recipe)
            .replace("{other}", &self.other)
            .replace("{url}", &self.build.project.url());
        self.build
            .place
            .write("release.yaml", &format!("format: 1\n{text}"))
    }

    fn words<'a>(words: &'a [&'a str]) -> Vec<&'a str> {
        [&["release", "--recipe-dir", "recipes"], words].concat()
    }

    /// Runs `kmembuild release` with further words.
    pub fn release(&self, words: &[&str]) -> Finished {
        self.build.place.run(&Self::words(words))
    }

    /// Starts `kmembuild release`.
    pub fn start(&self, words: &[&str]) -> Running {
        self.build.place.start(&Self::words(words))
    }

    /// Runs `kmembuild lock`.
    pub fn lock(&self, words: &[&str]) -> Finished {
        let words = [&["lock", "--recipe-dir", "recipes"], words].concat();
        self.build.place.run(&words)
    }

    /// Replaces a text in the first recipe.
    pub fn change_recipe(&self, old: &str, new: &str) {
        let file = format!("recipes/{}.yaml", self.build.recipe);
        let text = fs::read_to_string(self.build.place.path().join(&file)).expect("the recipe");
        assert!(text.contains(old), "the recipe has no {old:?}");
        self.build.place.write(&file, &text.replace(old, new));
    }

    /// The index of the release.
    pub fn index(&self) -> Value {
        let text = fs::read_to_string(self.build.place.path().join("dist/index.json"));
        serde_json::from_str(&text.expect("an index")).expect("the index is JSON")
    }

    /// Folder of a result.
    pub fn result(&self, recipe: &str, version: &str) -> PathBuf {
        let folder = self.build.place.path().join("dist").join(recipe);
        folder
            .join(version)
            .join(format!("linux-{}", architecture()))
    }
}

impl Drop for ReleasePlace {
    fn drop(&mut self) {
        // The build place removes what carries its own recipe's name.
        use crate::support::docker_command::{docker, docker_succeeds};
        let filter = format!("label=io.kmembuild.recipe={}", self.other);
        for container in docker(&["ps", "-aq", "--filter", &filter]).lines() {
            docker_succeeds(&["rm", "-f", "-v", container]);
        }
    }
}
