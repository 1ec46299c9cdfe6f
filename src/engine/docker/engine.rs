//! The engine: one connection, and the contract's operations on it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use bollard::models::SystemVersion;
use tokio_util::sync::CancellationToken;

use super::address::Address;
use super::client::Client;
use crate::engine::{
    ByteStream, Capacity, Engine, EngineError, EngineImage, EngineInfo, ImageBuild, Owned, Product,
    Session, SessionSpec, Setup, VolumeUse,
};
use crate::events::Sink;

/// A Docker Engine, or another engine that speaks its API.
#[derive(Debug, Clone)]
pub struct DockerEngine {
    pub(super) client: Client,
    pub(super) credentials: Option<PathBuf>,
    address: String,
    /// What it said of itself when it was connected to.
    answer: SystemVersion,
}

impl DockerEngine {
    /// Connects to the engine at `address` and agrees with it on a version of the API.
    ///
    /// # Errors
    ///
    /// [`EngineError::InvalidAddress`] and [`EngineError::Unreachable`].
    pub async fn connect(address: &Address) -> Result<Self, EngineError> {
        let (docker, answer) = address.connect().await?;
        Ok(Self {
            client: Client::new(docker),
            credentials: None,
            address: address.host().to_owned(),
            answer,
        })
    }

    /// Lets pulls use the credentials that `file`, a configuration file of the docker command, holds in its `auths`.
    /// Credential helpers are not asked. The file need not be there; it is read at each pull.
    #[must_use]
    pub fn with_credentials(mut self, file: Option<PathBuf>) -> Self {
        self.credentials = file;
        self
    }

    fn describe(&self) -> Result<EngineInfo, EngineError> {
        let operation = "describe itself";
        let answer = self.answer.clone();
        let product = answer
            .components
            .unwrap_or_default()
            .into_iter()
            .map(|component| component.name)
            .find(|name| name.ends_with("Engine"))
            .map_or_else(
                || "Docker Engine".to_owned(),
                |name| match name.as_str() {
                    "Engine" => "Docker Engine".to_owned(),
                    _ => name,
                },
            );
        let number = answer
            .version
            .ok_or_else(|| Client::incomplete(operation, "version"))?;
        let architecture = answer
            .arch
            .ok_or_else(|| Client::incomplete(operation, "architecture"))?;
        Ok(EngineInfo {
            product: if product.to_lowercase().starts_with("podman") {
                Product::Podman
            } else {
                Product::Docker
            },
            version: format!("{product} {number}"),
            api_version: self.client.docker.client_version().to_string(),
            architecture: go_architecture(&architecture).to_owned(),
            address: self.address.clone(),
        })
    }
}

/// The kernel's name of an architecture in Go's terms; a name of Go's stays as it is.
fn go_architecture(name: &str) -> &str {
    match name {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "armv7l" | "armv6l" | "armhf" => "arm",
        "i386" | "i686" => "386",
        "ppc64el" => "ppc64le",
        "loongarch64" => "loong64",
        other => other,
    }
}

#[async_trait]
impl Engine for DockerEngine {
    async fn info(&self) -> Result<EngineInfo, EngineError> {
        self.describe()
    }

    async fn capacity(&self) -> Result<Capacity, EngineError> {
        let operation = "tell what it has";
        let info = self.client.docker.info().await;
        let info = info.map_err(|error| self.client.failed(operation, error))?;
        let number = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok());
        Ok(Capacity {
            processors: number(info.ncpu)
                .ok_or_else(|| Client::incomplete(operation, "processors"))?,
            memory: number(info.mem_total)
                .ok_or_else(|| Client::incomplete(operation, "memory"))?,
        })
    }

    async fn setup(&self) -> Result<Setup, EngineError> {
        self.client.setup().await
    }

    fn address(&self) -> &str {
        &self.address
    }

    async fn image(&self, reference: &str) -> Result<Option<EngineImage>, EngineError> {
        self.client.image(reference).await
    }

    async fn pull(
        &self,
        reference: &str,
        stall: Duration,
        sink: &dyn Sink,
    ) -> Result<(), EngineError> {
        self.pull_image(reference, stall, sink).await
    }

    async fn tag(&self, image: &str, name: &str) -> Result<(), EngineError> {
        self.client.tag(image, name).await
    }

    async fn build_image(
        &self,
        build: ImageBuild,
        sink: &dyn Sink,
        cancel: &CancellationToken,
    ) -> Result<Option<String>, EngineError> {
        self.client.build(build, sink, cancel).await
    }

    async fn import_image(
        &self,
        root: ByteStream,
        name: &str,
        changes: &[String],
    ) -> Result<String, EngineError> {
        self.client.import(root, name, changes).await
    }

    async fn load_image(&self, archive: ByteStream) -> Result<Vec<String>, EngineError> {
        self.client.load(archive).await
    }

    async fn open(&self, spec: &SessionSpec) -> Result<Box<dyn Session>, EngineError> {
        Ok(Box::new(self.client.open(spec).await?))
    }

    async fn owned(&self) -> Result<Vec<Owned>, EngineError> {
        self.client.owned().await
    }

    async fn volume_uses(&self) -> Result<BTreeMap<String, VolumeUse>, EngineError> {
        self.client.volume_uses().await
    }

    async fn named(
        &self,
        containers: &[String],
        images: &[String],
    ) -> Result<Vec<Owned>, EngineError> {
        self.client.named(containers, images).await
    }

    async fn untag(&self, name: &str) -> Result<(), EngineError> {
        self.client.untag(name).await
    }

    async fn remove(&self, owned: &Owned) -> Result<(), EngineError> {
        self.client.remove(owned).await
    }
}
