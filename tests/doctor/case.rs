//! The doctor, asked about the places of one recipe.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::support::command::{Finished, Workplace};

/// A recipe with these sources and registries, and the doctor's lines about its places.
pub struct Case {
    /// Where it is run.
    pub place: Workplace,
    sources: Vec<String>,
    registries: Vec<String>,
    /// URL of Debian's archive.
    pub debian: String,
    /// The recipe's own way to the image.
    pub default: &'static str,
    /// The time that each place has.
    pub timeout: &'static str,
}

impl Case {
    /// With these sources, these registries as mirrors, and Debian's archive at that host.
    pub fn new(sources: &[String], registries: &[String], debian: &str) -> Self {
        Self {
            place: Workplace::new(),
            sources: sources.to_vec(),
            registries: registries.to_vec(),
            debian: format!("http://{debian}/debian"),
            default: "registry",
            timeout: "1s",
        }
    }

    /// Runs the doctor with further variables; the engine is nowhere unless they say where.
    pub fn run(&self, variables: &[(&str, &str)]) -> Finished {
        let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/recipes");
        let text = fs::read_to_string(format!("{fixtures}/shaped.yaml")).expect("the fixture");
        let sources: Vec<_> = self.sources.iter().map(|url| format!("{url:?}")).collect();
        let old = "urls: [\"https://upstream.invalid/shaped.git\"]";
        assert!(text.contains(old));
        let text = text.replace(old, &format!("urls: [{}]", sources.join(", ")));
        // Without patches and without upstream's images, which start from the registry of the world.
        let (head, rest) = text.split_once("\npatches:").expect("patches");
        let (_, values) = rest.split_once("\nvalues:").expect("values");
        let (before, images) = values.split_once("  registry:\n").expect("images");
        let (_, last) = images.split_once("  debian:\n").expect("a Debian image");
        let registry = "  registry:\n    name: shaped_dev:{{version}}\n";
        let text = format!("{head}\nvalues:{before}{registry}  debian:\n{last}");
        let text = text.replace("@BUSYBOX_URLS@", "x");
        let default = format!("  default: {}\n", self.default);
        let text = text.replace("  default: debian\n", &default);
        self.place.write("recipes/shaped.yaml", &text);
        let mirrors = self.registries.join(", ");
        let debian = &self.debian;
        let config = format!("format: 1\ndebian-mirror: {debian}\nmirrors: [{mirrors}]\n");
        self.place.write("config/config.yaml", &config);
        let words = [
            "doctor",
            "shaped",
            "--recipe-dir",
            "recipes",
            "--only",
            "build",
            "--format",
            "json",
            "--timeout",
            self.timeout,
        ];
        let mut command = doctor(&self.place, &words);
        command.env("DOCKER_HOST", "unix:///nowhere/docker.sock");
        command.envs(variables.iter().copied());
        command.output().expect("the command starts").into()
    }
}

/// The doctor on a machine with mmdebstrap, and with nothing else in its search path.
pub fn doctor(place: &Workplace, words: &[&str]) -> Command {
    let program = place.write("bin/mmdebstrap", "");
    let mut command = place.command(words);
    command.env("PATH", program.parent().expect("a folder"));
    command
}

/// The line about the place whose name begins so.
pub fn line(finished: &Finished, subject: &str) -> Value {
    let document: Value = serde_json::from_str(&finished.stdout).expect("a JSON document");
    let lines = document["lines"].as_array().expect("lines");
    let named = |line: &&Value| {
        let name = line["subject"].as_str().unwrap_or_default();
        name.starts_with(subject)
    };
    let found = lines.iter().find(named);
    found
        .unwrap_or_else(|| panic!("no line about {subject} in {}", finished.stdout))
        .clone()
}

/// Asserts how the place whose name begins so is, and what was found.
#[track_caller]
pub fn assert_line(finished: &Finished, subject: &str, level: &str, found: &str) {
    let line = line(finished, subject);
    assert_eq!(line["level"], level, "{line}");
    let text = line["found"].as_str().unwrap_or_default();
    assert!(text.contains(found), "{line}");
}
