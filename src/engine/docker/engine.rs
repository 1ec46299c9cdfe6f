//! The engine: one connection, and the contract's operations on it.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bollard::models::SystemVersion;
use tokio_util::sync::CancellationToken;

use super::address::{Address, socket_of};
use super::client::Client;
use super::images::instructions;
use super::proxies::build_arguments;
use crate::engine::contract::{Engine, Session};
use crate::engine::docker_api::{DockerApi, Setup, VolumeUse};
use crate::engine::error::EngineError;
use crate::engine::image::{Image, ImageSource};
use crate::engine::info::{Capabilities, Capacity, EngineInfo, Product, go_architecture};
use crate::engine::leftover::Leftover;
use crate::engine::session::{ByteStream, SessionSpec, Workdir};
use crate::events::Sink;
use crate::transport::ClientSettings;

/// A Docker Engine, or another engine with its API.
#[derive(Debug)]
pub(super) struct DockerEngine {
    pub(super) client: Client,
    /// What the docker command would use of its user's.
    pub(super) settings: ClientSettings,
    info: EngineInfo,
}

/// Connects to the Docker Engine at `address`, or to another engine with its API, and negotiates a version of the API.
///
/// Pulls use the credentials and image builds the proxies that the docker command would use; without `settings`, none.
///
/// # Errors
///
/// [`EngineError::InvalidAddress`], [`EngineError::Unreachable`], and [`EngineError::Refused`] for an answer that lacks
/// something required.
pub async fn connect_docker(
    address: &Address,
    settings: Option<ClientSettings>,
) -> Result<Arc<dyn Engine>, EngineError> {
    let address = address.resolved()?;
    let (docker, answer) = address.connect().await?;
    let client = Client::new(docker);
    let info = describe(&client, &address, answer)?;
    Ok(Arc::new(DockerEngine {
        client,
        settings: settings.unwrap_or_default(),
        info,
    }))
}

/// Describes the engine by its answer about its version.
fn describe(
    client: &Client,
    address: &Address,
    answer: SystemVersion,
) -> Result<EngineInfo, EngineError> {
    let operation = "describe itself";
    let name = answer
        .components
        .unwrap_or_default()
        .into_iter()
        .map(|component| component.name)
        .find(|name| name.ends_with("Engine") && name != "Engine")
        .unwrap_or_else(|| "Docker Engine".to_owned());
    let number = answer
        .version
        .ok_or_else(|| Client::incomplete(operation, "version"))?;
    let architecture = answer
        .arch
        .ok_or_else(|| Client::incomplete(operation, "architecture"))?;
    let product = if name.to_lowercase().starts_with("podman") {
        Product::Podman
    } else {
        Product::Docker
    };
    Ok(EngineInfo {
        product,
        version: format!("{name} {number}"),
        api_version: client.docker.client_version().to_string(),
        architecture: go_architecture(&architecture).to_owned(),
        address: address.host().to_owned(),
        capabilities: Capabilities {
            gets_images: true,
            builds_dockerfile: true,
            cuts_network: true,
            limits_memory: true,
            limits_processors: true,
            keeps_caches: true,
            // Upstream's script requires Docker and does not work with podman.
            has_host_socket: product == Product::Docker,
        },
        instead_of: None,
    })
}

/// What comes of `work`, or `None` when `cancel` is cancelled first.
async fn unless_cancelled(
    cancel: &CancellationToken,
    work: impl Future<Output = Result<Image, EngineError>>,
) -> Result<Option<Image>, EngineError> {
    tokio::select! {
        image = work => image.map(Some),
        () = cancel.cancelled() => Ok(None),
    }
}

#[async_trait]
impl Engine for DockerEngine {
    fn describe(&self) -> &EngineInfo {
        &self.info
    }

    async fn capacity(&self) -> Result<Capacity, EngineError> {
        let operation = "report its capacity";
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

    async fn image(&self, reference: &str) -> Result<Option<Image>, EngineError> {
        self.client.image(reference).await
    }

    async fn provide(
        &self,
        name: &str,
        source: ImageSource,
        sink: &dyn Sink,
        cancel: &CancellationToken,
    ) -> Result<Option<Image>, EngineError> {
        let client = &self.client;
        match source {
            ImageSource::Registry {
                reference,
                expected,
                stall,
            } => {
                let pulling = self.pull_as(name, &reference, expected.as_ref(), stall, sink);
                unless_cancelled(cancel, pulling).await
            }
            // Not dropped on cancellation: it removes the builder's containers before it returns.
            ImageSource::Dockerfile(mut build) => {
                // What the build itself asks for counts. These come in here, so that they are in no plan and no key.
                let mut arguments = build_arguments(&self.settings, &self.info.address)?;
                arguments.append(&mut build.arguments);
                build.arguments = arguments;
                match client.build(name, build, sink, cancel).await? {
                    Some(id) => client.existing_image(&id).await.map(Some),
                    None => Ok(None),
                }
            }
            ImageSource::RootFs {
                archive,
                environment,
                labels,
            } => {
                let changes = instructions(&environment, &labels);
                let importing = async {
                    if self.info.product == Product::Podman {
                        let architecture = &self.info.architecture;
                        let loading =
                            client.load_root(name, archive, &environment, &labels, architecture);
                        return loading.await;
                    }
                    let id = client.import(archive, name, &changes).await?;
                    client.existing_image(&id).await
                };
                unless_cancelled(cancel, importing).await
            }
            ImageSource::Archive { file, layers } => {
                unless_cancelled(
                    cancel,
                    client.image_of_archive(name, &file, layers.as_deref()),
                )
                .await
            }
        }
    }

    async fn name(&self, id: &str, name: &str) -> Result<(), EngineError> {
        self.client.tag(id, name).await
    }

    async fn open(&self, spec: &SessionSpec) -> Result<Box<dyn Session>, EngineError> {
        let socket = socket_of(&self.info.address);
        let session = self.client.open(spec, socket).await?;
        if self.info.product == Product::Podman
            && matches!(spec.workdir, Workdir::Scratch(_))
            && let Err(error) = session.clear_workdir(spec).await
        {
            // The next sweep removes it where this cannot.
            let _ = session.close().await;
            return Err(error);
        }
        Ok(Box::new(session))
    }

    async fn open_to_copy(&self, spec: &SessionSpec) -> Result<Box<dyn Session>, EngineError> {
        let socket = socket_of(&self.info.address);
        Ok(Box::new(self.client.create(spec, socket).await?))
    }

    async fn leftovers(&self) -> Result<Vec<Leftover>, EngineError> {
        self.client.leftovers().await
    }

    async fn remove(&self, leftover: &Leftover) -> Result<(), EngineError> {
        self.client.remove(leftover).await
    }

    fn as_docker(&self) -> Option<&dyn DockerApi> {
        Some(self)
    }
}

#[async_trait]
impl DockerApi for DockerEngine {
    async fn setup(&self) -> Result<Setup, EngineError> {
        self.client.setup().await
    }

    async fn volume_uses(&self) -> Result<BTreeMap<String, VolumeUse>, EngineError> {
        self.client.volume_uses().await
    }

    async fn named(
        &self,
        containers: &[String],
        images: &[String],
    ) -> Result<Vec<Leftover>, EngineError> {
        self.client.named(containers, images).await
    }

    fn save(&self, image: &str) -> ByteStream {
        self.client.save(image)
    }

    async fn tag(&self, image: &str, name: &str) -> Result<(), EngineError> {
        self.client.tag(image, name).await
    }

    async fn untag(&self, name: &str) -> Result<(), EngineError> {
        self.client.untag(name).await
    }
}
