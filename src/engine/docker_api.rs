//! What only Docker, and what speaks its API, has.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::error::EngineError;
use super::leftover::Leftover;
use super::session::ByteStream;

/// What an engine with Docker's API can be asked beyond [`super::Engine`]. It is for looking at the engine, for
/// upstream's script that drives Docker, and for the run check of a kubelet that works with Docker.
#[async_trait]
pub trait DockerApi: Send + Sync {
    /// How it is set up (`docker info`).
    async fn setup(&self) -> Result<Setup, EngineError>;

    /// The use of each volume, by its name. The engine looks at every file of all of them, which takes time.
    async fn volume_uses(&self) -> Result<BTreeMap<String, VolumeUse>, EngineError>;

    /// Containers and images, labelled or not, that have a name with one of these beginnings.
    async fn named(
        &self,
        containers: &[String],
        images: &[String],
    ) -> Result<Vec<Leftover>, EngineError>;

    /// The image as an archive, as `docker save` writes it: its layers are not compressed in it.
    fn save(&self, image: &str) -> ByteStream;

    /// Gives `image` (name or id) the further name `name`.
    async fn tag(&self, image: &str, name: &str) -> Result<(), EngineError>;

    /// Removes the name `name` of an image that has another one as well. A name that does not exist is success.
    async fn untag(&self, name: &str) -> Result<(), EngineError>;
}

/// How an engine is set up, as far as it matters to a build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Setup {
    /// Memory of its host, in bytes.
    pub memory: Option<u64>,
    /// How it stores images and containers, e.g. `overlay2`.
    pub storage_driver: Option<String>,
    /// The directory of its host in which it keeps everything.
    pub root_folder: Option<String>,
    /// Version of the cgroup hierarchy that it uses, `1` or `2`.
    pub cgroup_version: Option<String>,
    /// What makes the cgroups of containers: `cgroupfs` (the engine's runtime itself) or `systemd`.
    pub cgroup_driver: Option<String>,
    /// Whether its host forwards packets; containers have no network without it.
    pub forwards: Option<bool>,
    /// The proxy for pulling images over http.
    pub http_proxy: String,
    /// The proxy for pulling images over https.
    pub https_proxy: String,
    /// What it reaches without a proxy.
    pub no_proxy: String,
    /// URLs of the registries that it asks before Docker Hub.
    pub hub_mirrors: Vec<String>,
    /// Registries that it trusts without TLS, by host and port (`registry.example.com:5000`) or by network (`10.0.0.0/8`).
    pub insecure_registries: Vec<String>,
    /// Whether it has a default bridge, the network of build containers.
    pub has_bridge: bool,
    /// The interface of that bridge on its host, as it was made.
    pub bridge: Option<String>,
}

/// How much a volume holds, and who uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VolumeUse {
    /// Size in bytes; unknown for a volume that another program stores.
    pub size: Option<u64>,
    /// Containers that use it, running or not.
    pub containers: Option<u64>,
}
