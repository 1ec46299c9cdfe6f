//! Containers in which steps are run.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use async_trait::async_trait;
use bollard::errors::Error;
use bollard::models::{
    ContainerCreateBody, HealthConfig, HostConfig, Mount, MountType, MountVolumeOptions,
    VolumeCreateRequest,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, InspectContainerOptions, RemoveContainerOptionsBuilder,
    StartContainerOptions,
};

use super::address::USUAL_SOCKET;
use super::client::Client;
use super::failure::{is_between, says_no_source, status};
use crate::engine::{
    ByteStream, Command, EngineError, Exit, GuestPath, LABEL_RECIPE, LABEL_RUN, Network,
    Privileges, Session, SessionSpec, Usage, Workdir,
};
use crate::events::Sink;

/// Time limit for the removal of containers that the engine's builder made or another program removes. Shorter than the
/// time limit for the end of a session.
pub(super) const REMOVAL_LIMIT: Duration = Duration::from_secs(50);
/// Characters of an id that people quote.
const SHORT_ID: usize = 12;
/// Time between two checks.
const REMOVAL_PAUSE: Duration = Duration::from_millis(100);

/// A container, which runs unless it is only copied from.
pub(super) struct DockerSession {
    pub client: Client,
    pub id: String,
    /// How many processes of the container the kernel had killed for lack of memory when the last command ended.
    pub out_of_memory_kills: AtomicU64,
}

impl Client {
    /// Opens a session. `socket` is where the engine's own socket is on its host.
    pub(super) async fn open(
        &self,
        spec: &SessionSpec,
        socket: &str,
    ) -> Result<DockerSession, EngineError> {
        let session = self.create(spec, socket).await?;
        let started = self
            .docker
            .start_container(&session.id, None::<StartContainerOptions>)
            .await;
        if let Err(error) = started {
            // The error of the start is the one to report; if the removal fails too, the next sweep removes the container.
            let _ = session.close().await;
            return Err(self.failed(&format!("start container {}", spec.name), error));
        }
        Ok(session)
    }

    /// Creates the container of a session and does not start it: files can be copied, and nothing can be run.
    pub(super) async fn create(
        &self,
        spec: &SessionSpec,
        socket: &str,
    ) -> Result<DockerSession, EngineError> {
        // Made before the container: the engine would make them itself, without labels by which they are found again.
        for cache in &spec.caches {
            self.make_volume(&cache.key, spec).await?;
        }
        let operation = format!("create container {}", spec.name);
        let options = CreateContainerOptionsBuilder::new()
            .name(&spec.name)
            .build();
        let created = self
            .docker
            .create_container(Some(options), container(spec, socket))
            .await
            .map_err(|error| match status(&error) {
                Some(404) => EngineError::NoImage {
                    image: spec.image.clone(),
                },
                _ if says_no_source(&error) => EngineError::NoSocket {
                    socket: socket.to_owned(),
                },
                _ => self.failed(&operation, error),
            })?;
        Ok(DockerSession {
            client: self.clone(),
            id: created.id,
            out_of_memory_kills: AtomicU64::new(0),
        })
    }

    async fn make_volume(&self, volume: &str, spec: &SessionSpec) -> Result<(), EngineError> {
        let labels = volume_labels(spec);
        // An existing volume keeps its labels.
        self.docker
            .create_volume(VolumeCreateRequest {
                name: Some(volume.to_owned()),
                labels: Some(labels),
                ..VolumeCreateRequest::default()
            })
            .await
            .map(drop)
            .map_err(|error| self.failed(&format!("create volume {volume}"), error))
    }

    /// Kills and removes a container with its anonymous volumes; named volumes stay.
    pub(super) async fn remove_container(&self, id: &str) -> Result<(), EngineError> {
        let options = RemoveContainerOptionsBuilder::new()
            .force(true)
            .v(true)
            .build();
        match self.patient.remove_container(id, Some(options)).await {
            Err(Error::DockerResponseServerError {
                status_code,
                ref message,
            }) if status_code == 409 && message.contains("already in progress") => {
                self.wait_until_removed(id).await
            }
            Err(error) if status(&error) == Some(404) => Ok(()),
            done => done.map_err(|error| self.failed(&format!("remove container {id}"), error)),
        }
    }

    /// Waits until a container that something else is removing is gone.
    async fn wait_until_removed(&self, id: &str) -> Result<(), EngineError> {
        let asked = tokio::time::Instant::now();
        while asked.elapsed() < REMOVAL_LIMIT {
            let there = self
                .docker
                .inspect_container(id, None::<InspectContainerOptions>);
            match there.await {
                Ok(_) => tokio::time::sleep(REMOVAL_PAUSE).await,
                Err(error) if is_between(&error) => tokio::time::sleep(REMOVAL_PAUSE).await,
                Err(error) if status(&error) == Some(404) => return Ok(()),
                Err(error) => return Err(self.failed(&format!("look for container {id}"), error)),
            }
        }
        Err(EngineError::Stalled {
            what: format!("the removal of container {id}"),
            limit: REMOVAL_LIMIT,
        })
    }
}

/// The labels of a volume, which has no deadline.
fn volume_labels(spec: &SessionSpec) -> HashMap<String, String> {
    [LABEL_RUN, LABEL_RECIPE]
        .into_iter()
        .filter_map(|key| Some((key.to_owned(), spec.labels.get(key)?.clone())))
        .collect()
}

fn container(spec: &SessionSpec, socket: &str) -> ContainerCreateBody {
    let memory = spec
        .limits
        .memory
        .and_then(|bytes| i64::try_from(bytes).ok());
    let network = match spec.network {
        Network::None => "none",
        Network::Open => "bridge",
    };
    let is_scratch = matches!(spec.workdir, Workdir::Scratch(_));
    let mounts = spec
        .caches
        .iter()
        .map(|cache| Mount {
            typ: Some(MountType::VOLUME),
            source: Some(cache.key.clone()),
            target: Some(cache.path.to_string()),
            ..Mount::default()
        })
        .chain(is_scratch.then(|| Mount {
            // The disk of the engine's host, without the layers of an image in between.
            typ: Some(MountType::VOLUME),
            target: Some(spec.workdir.path().to_string()),
            volume_options: Some(MountVolumeOptions {
                labels: Some(volume_labels(spec)),
                // The files that the image has there must not be compiled too.
                no_copy: Some(true),
                ..MountVolumeOptions::default()
            }),
            ..Mount::default()
        }))
        .chain(spec.privileges.drives_engine.then(|| Mount {
            // Unlike a bind by path alone, this fails when the file does not exist.
            typ: Some(MountType::BIND),
            source: Some(socket.to_owned()),
            target: Some(USUAL_SOCKET.to_owned()),
            ..Mount::default()
        }))
        .collect();
    let privileges = spec.privileges;
    let on_host = privileges.drives_engine || privileges.makes_cgroups;
    ContainerCreateBody {
        hostname: spec.hostname.clone(),
        image: Some(spec.image.clone()),
        // The images' own entry points are for other uses: that of upstream's runc image expects a mount.
        entrypoint: Some(vec!["sleep".to_owned()]),
        cmd: Some(vec![spec.lifetime.as_secs().max(1).to_string()]),
        user: Some("0".to_owned()),
        // The engine makes the directory if it does not exist.
        working_dir: Some(spec.workdir.path().to_string()),
        labels: Some(spec.labels.clone().into_iter().collect()),
        healthcheck: Some(HealthConfig {
            test: Some(vec!["NONE".to_owned()]),
            ..HealthConfig::default()
        }),
        host_config: Some(HostConfig {
            network_mode: Some(network.to_owned()),
            mounts: Some(mounts),
            memory,
            // Equal to the memory limit: no additional swap.
            memory_swap: memory,
            nano_cpus: spec.limits.nano_cpus,
            // The engine's socket and the cgroups belong to root on its host.
            userns_mode: on_host.then(|| "host".to_owned()),
            security_opt: security_options(privileges),
            // Enough to mount and to make namespaces, and to trace: kernels before 4.8 need the capability for the engine's
            // filter of system calls to let a tracer through. A fully privileged container is not allowed everywhere.
            cap_add: privileges
                .makes_cgroups
                .then(|| ["SYS_ADMIN", "SYS_PTRACE"].map(str::to_owned).to_vec()),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}

/// Turns off what would otherwise keep the container from using its privileges.
fn security_options(privileges: Privileges) -> Option<Vec<String>> {
    let options: &[&str] = if privileges.makes_cgroups {
        // The engine's filter of system calls knows the capabilities, and stays.
        &["label=disable", "apparmor=unconfined"]
    } else if privileges.drives_engine {
        // Where labels are enforced, the socket has a label of the host.
        &["label=disable"]
    } else {
        return None;
    };
    Some(options.iter().map(|&option| option.to_owned()).collect())
}

#[async_trait]
impl Session for DockerSession {
    fn id(&self) -> &str {
        &self.id
    }

    fn entrance(&self) -> String {
        let id = &self.id[..SHORT_ID.min(self.id.len())];
        format!("enter the container with `docker exec -it {id} /bin/sh`")
    }

    async fn put(&self, directory: &GuestPath, archive: ByteStream) -> Result<(), EngineError> {
        self.unpack(directory, archive).await
    }

    async fn run(&self, command: &Command, sink: &dyn Sink) -> Result<Exit, EngineError> {
        self.run_command(command, sink).await
    }

    async fn usage(&self) -> Option<Usage> {
        self.usage_now().await
    }

    async fn get(&self, file: &GuestPath) -> Result<ByteStream, EngineError> {
        self.pack(file).await
    }

    async fn close(&self) -> Result<(), EngineError> {
        self.client.remove_container(&self.id).await
    }
}
