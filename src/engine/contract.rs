//! What the tool asks of a container engine: the [`Engine`] and [`Session`] traits and the values they take.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::EngineError;
use crate::events::Sink;

/// Label that carries the run's id on every container, image and volume the tool makes.
pub const LABEL_RUN: &str = "io.kmembuild.run";
/// Label that carries the recipe's name.
pub const LABEL_RECIPE: &str = "io.kmembuild.recipe";
/// Label on containers: when they may be removed whoever made them, in seconds since the Unix epoch.
pub const LABEL_DEADLINE: &str = "io.kmembuild.deadline";
/// Label on images: the identity (sha256 of the specification) they were made from.
pub const LABEL_IDENTITY: &str = "io.kmembuild.identity";

/// Where a container finds the engine's socket: where every client of the engine looks for it.
pub const SOCKET_IN_SESSION: &str = "/var/run/docker.sock";

/// Bytes of a tar archive on their way to or from the engine.
pub type ByteStream = BoxStream<'static, std::io::Result<Bytes>>;

/// What an engine says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineInfo {
    /// Which product it is, where that decides what can be asked of it.
    pub product: Product,
    /// Product and version, e.g. `Docker Engine 20.10.24`.
    pub version: String,
    /// The API version in use, e.g. `1.41`.
    pub api_version: String,
    /// Architecture in Go's terms: `amd64`, `arm64`.
    pub architecture: String,
    /// The address the engine was reached at.
    pub address: String,
}

/// Products that differ in what they can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// Docker, or an engine that behaves like it.
    Docker,
    /// Podman's service with Docker's API.
    Podman,
}

/// What an engine has to work with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Processors.
    pub processors: u64,
    /// Memory, in bytes.
    pub memory: u64,
}

/// How an engine is set up, as far as it matters to a build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Setup {
    /// Memory of its host, in bytes.
    pub memory: Option<u64>,
    /// How it stores images and containers, e.g. `overlay2`.
    pub storage_driver: Option<String>,
    /// Folder of its host where it keeps everything.
    pub root_folder: Option<String>,
    /// Version of the cgroup hierarchy that it works with, `1` or `2`.
    pub cgroup_version: Option<String>,
    /// Who makes the cgroups of containers, `cgroupfs` (the engine's runtime itself) or `systemd`.
    pub cgroup_driver: Option<String>,
    /// Whether its host passes packets on, without which containers reach nothing.
    pub forwards: Option<bool>,
    /// The proxy that it pulls images over http by.
    pub http_proxy: String,
    /// The proxy that it pulls images over https by.
    pub https_proxy: String,
    /// What it speaks to without a proxy.
    pub no_proxy: String,
    /// URLs of the registries that it asks before Docker Hub for what is there.
    pub hub_mirrors: Vec<String>,
    /// Registries that it trusts without TLS, by host and port (`registry.example.com:5000`) or by network (`10.0.0.0/8`).
    pub insecure_registries: Vec<String>,
    /// Whether it has a default bridge, the network of build containers.
    pub has_bridge: bool,
}

/// An image on the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineImage {
    /// Config digest, `sha256:...`; names the content wherever it came from.
    pub id: String,
    /// Digests under which registries know it, `name@sha256:...`.
    pub repo_digests: Vec<String>,
    /// `amd64`, `arm64`.
    pub architecture: String,
    /// Digests of the unpacked layers (`sha256:...`), lowest first. They survive a push through another registry.
    pub layers: Vec<String>,
    /// Environment of its containers, `NAME=value`.
    pub environment: Vec<String>,
    /// Labels of the image's configuration.
    pub labels: BTreeMap<String, String>,
}

/// An image build by the engine's classic builder.
pub struct ImageBuild {
    /// The context as a tar archive, the Dockerfile in it.
    pub context: ByteStream,
    /// Path of the Dockerfile in the context.
    pub dockerfile: String,
    /// Build arguments.
    pub arguments: BTreeMap<String, String>,
    /// Labels of the image. Only the builder's last containers carry some of them.
    pub labels: BTreeMap<String, String>,
    /// Name to give to the result.
    pub name: String,
    /// Most memory a build container may use, in bytes.
    pub memory: Option<u64>,
}

/// Whether a build's containers reach the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// No network but loopback.
    None,
    /// Whatever the engine's host reaches.
    Open,
}

/// A container in which steps are run one after the other.
#[derive(Debug, Clone)]
pub struct SessionSpec {
    /// Image id (`sha256:...`), never a tag that can move.
    pub image: String,
    /// Container name.
    pub name: String,
    /// Host name in the container; the engine's choice when not given.
    pub hostname: Option<String>,
    /// Path on the engine's host of the engine's own socket, for a container that drives the engine; it is at
    /// [`SOCKET_IN_SESSION`] there.
    pub engine_socket: Option<String>,
    /// Whether programs in it may make containers of their own: they may mount, and write to the container's part of
    /// its host's cgroups. Whatever runs in such a container can do to the engine's host whatever it likes.
    pub makes_containers: bool,
    /// Working directory of the steps; made if it is not there.
    pub workdir: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Network of the container.
    pub network: Network,
    /// Whether the working directory is a volume that goes with the container. A volume is the disk of the engine's host,
    /// where many small files are written and read without the layers of an image in between.
    pub workdir_volume: bool,
    /// Named volumes: volume name to absolute path in the container.
    pub volumes: BTreeMap<String, String>,
    /// Most memory, in bytes; swap is not added to it.
    pub memory: Option<u64>,
    /// Processors, in billionths of one.
    pub nano_cpus: Option<i64>,
    /// The container ends by itself after this time, even when the tool was killed.
    pub lifetime: Duration,
}

/// One command in a session.
#[derive(Debug, Clone)]
pub struct Command {
    /// The step's name, for the events.
    pub step: String,
    /// Program and arguments; no shell is put around it.
    pub command: Vec<String>,
    /// Environment variables, added to the image's own.
    pub environment: BTreeMap<String, String>,
    /// Working directory, absolute.
    pub workdir: String,
    /// Whether [`Exit::out_of_memory`] counts also processes that the command started and got over. That takes another
    /// question to the engine, which is not worth it for a command that only looks at something.
    pub counts_kills: bool,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// Exit code; 137 is the engine's form of "killed by signal 9".
    pub code: i64,
    /// The kernel ended a process of the container for lack of memory while the command ran.
    pub out_of_memory: bool,
}

/// Something of the tool's own on the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owned {
    /// Container, volume or image.
    pub kind: OwnedKind,
    /// Engine's id of it (name for a volume).
    pub id: String,
    /// Its name for a person.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Whether it is a running container.
    pub running: bool,
    /// Bytes that an image has with all of its layers, some of which other images may have as well.
    pub size: Option<u64>,
}

/// What a volume takes, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VolumeUse {
    /// Bytes; not known of a volume that is not the engine's own.
    pub size: Option<u64>,
    /// Containers that have it, running or not.
    pub containers: Option<u64>,
}

/// What an [`Owned`] thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OwnedKind {
    /// A container.
    Container,
    /// A named volume.
    Volume,
    /// An image.
    Image,
}

impl std::fmt::Display for OwnedKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            OwnedKind::Container => "container",
            OwnedKind::Volume => "volume",
            OwnedKind::Image => "image",
        })
    }
}

/// A container engine.
///
/// Every method fails with an [`EngineError`] that names the operation and the thing it was done to.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Version and architecture of the engine.
    async fn info(&self) -> Result<EngineInfo, EngineError>;

    /// What it has to work with. Slower to answer than [`Engine::info`].
    async fn capacity(&self) -> Result<Capacity, EngineError>;

    /// How it is set up. Slower to answer than [`Engine::info`].
    async fn setup(&self) -> Result<Setup, EngineError>;

    /// The address it was reached at.
    fn address(&self) -> &str;

    /// The image with this name or id, or `None` when the engine does not have it.
    async fn image(&self, reference: &str) -> Result<Option<EngineImage>, EngineError>;

    /// Pulls `reference` (registry, repository and tag, or digest). Layers are reported as [`crate::events::Event::Transfer`].
    /// Gives up with [`EngineError::Stalled`] when nothing moves for `stall`.
    async fn pull(
        &self,
        reference: &str,
        stall: Duration,
        sink: &dyn Sink,
    ) -> Result<(), EngineError>;

    /// Gives `image` (name or id) the further name `name`.
    async fn tag(&self, image: &str, name: &str) -> Result<(), EngineError>;

    /// Builds an image; each line of the builder goes to `sink` as [`crate::events::Event::Output`] of step `image`.
    /// Returns the image's id, or `None` when `cancel` was cancelled before there was one. The builder's containers are
    /// gone then as well.
    async fn build_image(
        &self,
        build: ImageBuild,
        sink: &dyn Sink,
        cancel: &CancellationToken,
    ) -> Result<Option<String>, EngineError>;

    /// Makes an image of one layer out of a root file system in a tar archive. `changes` are Dockerfile
    /// instructions (`ENV`, `LABEL`, ...). Returns the image's id.
    async fn import_image(
        &self,
        root: ByteStream,
        name: &str,
        changes: &[String],
    ) -> Result<String, EngineError>;

    /// Loads images from what `docker save` wrote. Returns the names or ids of the images in it.
    async fn load_image(&self, archive: ByteStream) -> Result<Vec<String>, EngineError>;

    /// Creates and starts a container for steps.
    async fn open(&self, spec: &SessionSpec) -> Result<Box<dyn Session>, EngineError>;

    /// Everything that carries [`LABEL_RUN`].
    async fn owned(&self) -> Result<Vec<Owned>, EngineError>;

    /// What each of the engine's volumes takes, by its name. An engine looks at every file of all of them for that, which
    /// takes its time.
    async fn volume_uses(&self) -> Result<BTreeMap<String, VolumeUse>, EngineError>;

    /// Containers and images, labelled or not, of which a name begins with one of these.
    async fn named(
        &self,
        containers: &[String],
        images: &[String],
    ) -> Result<Vec<Owned>, EngineError>;

    /// Takes the name `name` from an image that has another one as well. No such name is success.
    async fn untag(&self, name: &str) -> Result<(), EngineError>;

    /// Removes one thing, a running container included. Already gone is success; what a container holds on to is
    /// [`EngineError::InUse`].
    async fn remove(&self, owned: &Owned) -> Result<(), EngineError>;
}

/// A container that waits for commands. [`Session::close`] must be called on every path; the container's own
/// lifetime is the last resort.
#[async_trait]
pub trait Session: Send + Sync {
    /// The container's id.
    fn id(&self) -> &str;

    /// Unpacks a tar archive below `path`, which must be there.
    async fn upload(&self, path: &str, archive: ByteStream) -> Result<(), EngineError>;

    /// Runs a command to its end; each line of its standard output and standard error goes to `sink` as
    /// [`crate::events::Event::Output`]. A non-zero exit is a result, not an error.
    async fn run(&self, command: &Command, sink: &dyn Sink) -> Result<Exit, EngineError>;

    /// The file at `path` as a tar archive with one entry; [`EngineError::NotInContainer`] when it is not there.
    /// A symbolic link is given as such. Read the stream to its end, or drop it, before anything else is asked of
    /// the session: an engine may hold the container locked until then.
    async fn download(&self, path: &str) -> Result<ByteStream, EngineError>;

    /// Kills and removes the container; its volumes stay. Already gone is success.
    async fn close(&self) -> Result<(), EngineError>;
}
