//! What a test makes on the engine, and its removal.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kmembuild::engine::{
    Address, ByteStream, Command, Engine, GuestPath, Image, ImageSource, LABEL_RUN, Limits,
    Network, Privileges, Session, SessionSpec, Workdir, connect_docker,
};
use tokio_util::sync::CancellationToken;

use super::debian_image::debian_image;
use super::docker_command::docker;
use super::recorder::Recorder;

/// A run id of one test. Everything on the engine that carries it as [`LABEL_RUN`] is removed when this is dropped,
/// after a panic too.
pub struct Scratch {
    /// The run id; also good as a part of names.
    pub run: String,
}

impl Scratch {
    /// A run id that is like no other; `name` is for the reader.
    pub fn new(name: &str) -> Self {
        Self {
            run: format!("kmembuild-test-{}-{name}", std::process::id()),
        }
    }

    /// The labels that mark something as this test's.
    pub fn labels(&self) -> BTreeMap<String, String> {
        [(LABEL_RUN.to_owned(), self.run.clone())].into()
    }

    /// The engine on this machine.
    pub async fn engine() -> Arc<dyn Engine> {
        connect_docker(&Address::default(), None)
            .await
            .expect("these tests need a running container engine")
    }

    /// A plain container of the Debian image without network.
    pub fn spec(&self) -> SessionSpec {
        SessionSpec {
            image: debian_image(),
            name: self.run.clone(),
            hostname: None,
            workdir: Workdir::OfImage(GuestPath::new("/src/deep")),
            caches: Vec::new(),
            labels: self.labels(),
            network: Network::None,
            limits: Limits::default(),
            privileges: Privileges::default(),
            lifetime: Duration::from_mins(5),
        }
    }

    fn marked(&self, list: &[&str]) -> Vec<String> {
        let filter = format!("label={LABEL_RUN}={}", self.run);
        docker(&[list, &["-q", "--filter", &filter]].concat())
            .lines()
            .map(str::to_owned)
            .collect()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        for (list, remove) in [
            (["ps", "-a"].as_slice(), ["rm", "-f", "-v"].as_slice()),
            (&["volume", "ls"], &["volume", "rm", "-f"]),
            (&["images"], &["rmi", "-f"]),
        ] {
            let found = self.marked(list);
            let found: Vec<&str> = found.iter().map(String::as_str).collect();
            if !found.is_empty() {
                // Bounded: a test that panics in the middle of an upload leaves the container locked for as long as its
                // runtime lives, and that is until after this.
                let _ = std::process::Command::new("timeout")
                    .args(["20", "docker"])
                    .args([remove, &found].concat())
                    .output();
            }
        }
    }
}

/// An image of one layer with what is in `archive`, by that name and with the labels of `scratch`.
pub async fn image_of(archive: ByteStream, name: &str, scratch: &Scratch) -> Image {
    let source = ImageSource::RootFs {
        archive,
        environment: BTreeMap::new(),
        labels: scratch.labels(),
    };
    let engine = Scratch::engine().await;
    let (recorder, cancel) = (Recorder::default(), CancellationToken::new());
    let provided = engine.provide(name, source, &recorder, &cancel);
    let image = provided.await.expect("the image is made");
    image.expect("nothing stops it")
}

/// `script` as a command of the shell.
pub fn shell(script: &str) -> Command {
    Command {
        step: "test".to_owned(),
        command: ["sh", "-c", script].map(str::to_owned).to_vec(),
        environment: BTreeMap::new(),
        workdir: GuestPath::new("/"),
        counts_kills: true,
    }
}

/// Runs `script` in the shell and gives its exit code and its lines.
pub async fn run(session: &dyn Session, script: &str) -> (i64, Vec<String>) {
    let recorder = Recorder::default();
    let exit = session
        .run(&shell(script), &recorder)
        .await
        .expect("the command is run");
    (exit.code, recorder.lines())
}
