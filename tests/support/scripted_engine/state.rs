//! What a scripted engine holds.

use std::collections::BTreeMap;
use std::os::unix::net::UnixStream;

use serde_json::{Value, json};

use super::http::Request;
use super::script::Script;

/// Id of every image of a scripted engine.
pub const IMAGE_ID: &str =
    "sha256:1111111111111111111111111111111111111111111111111111111111111111";

/// What the engine's clock shows, in seconds since 1970: not what this machine's does.
pub const ENGINE_TIME: i64 = 1_000_000_000;
/// The same as `docker info` has it.
pub const ENGINE_DATE: &str = "2001-09-09T03:46:40.123456789+02:00";

pub type Labels = BTreeMap<String, String>;

/// What a scripted engine holds.
#[derive(Default)]
pub struct State {
    pub script: Script,
    /// Images by name, beside those of the script.
    pub images: BTreeMap<String, Labels>,
    pub containers: BTreeMap<String, Container>,
    pub execs: Vec<Exec>,
    pub requests: Vec<Request>,
    /// Answers 404 to a request that is none of the API.
    pub not_understood: Vec<String>,
    pub connections: Vec<UnixStream>,
    /// Processes that the kernel ended for lack of memory.
    pub memory_kills: u64,
    /// Nobody is let in.
    pub gone: bool,
    pub made: u64,
}

/// A container.
#[derive(Default)]
pub struct Container {
    pub name: String,
    pub labels: Labels,
    pub running: bool,
    pub exit_code: i64,
    /// How many seconds ago it was created, by the engine's clock.
    pub age: i64,
}

/// A command in a container.
pub struct Exec {
    pub container: String,
    pub command: String,
    pub started: bool,
    /// `None` while it runs.
    pub exit_code: Option<i64>,
}

impl State {
    /// The next id of a container.
    pub fn next_id(&mut self) -> String {
        self.made += 1;
        format!("{:012x}{}", 0xc0_ffee_0000_u64 + self.made, "0".repeat(52))
    }

    /// Whether a request was made whose method and path hold `text`.
    pub fn was_asked(&self, text: &str) -> bool {
        self.requests.iter().any(|asked| asked.is(text))
    }

    /// The labels of an image, if it is there.
    pub fn image(&self, name: &str) -> Option<Labels> {
        if let Some(labels) = self.images.get(name) {
            return Some(labels.clone());
        }
        let any = !self.images.is_empty() || !self.script.images.is_empty();
        let there = name == IMAGE_ID && any || self.script.images.iter().any(|it| it == name);
        there.then(Labels::new)
    }

    /// The list of containers.
    pub fn list(&self) -> Value {
        self.containers
            .iter()
            .map(|(id, container)| {
                json!({
                    "Id": id,
                    "Names": [format!("/{}", container.name)],
                    "Labels": container.labels,
                    "State": if container.running { "running" } else { "created" },
                    "Created": ENGINE_TIME - container.age,
                })
            })
            .collect()
    }
}
