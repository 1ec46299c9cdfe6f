//! What the tool has made on the engine.

use std::collections::HashMap;

use bollard::models::ContainerSummaryStateEnum as State;
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListImagesOptionsBuilder, ListVolumesOptionsBuilder,
    RemoveImageOptions, RemoveImageOptionsBuilder, RemoveVolumeOptions,
};
use jiff::Timestamp;

use super::client::Client;
use super::failure::{message_of, status};
use crate::engine::{Age, EngineError, LABEL_RUN, Leftover, LeftoverKind};

/// What podman puts before the name of an image that comes from no registry.
const PODMANS_OWN: &str = "docker.io/library/";

/// The first name of an image.
fn name_of(tags: &[String]) -> Option<String> {
    let tag = tags.iter().find(|tag| *tag != "<none>:<none>")?;
    Some(tag.strip_prefix(PODMANS_OWN).unwrap_or(tag).to_owned())
}

impl Client {
    pub(super) async fn leftovers(&self) -> Result<Vec<Leftover>, EngineError> {
        let mut found = self.containers(&labelled()).await?;
        if !found.is_empty() {
            self.tell_ages(&mut found).await?;
        }
        found.extend(self.labelled_volumes().await?);
        found.extend(self.images(&labelled()).await?);
        Ok(found)
    }

    /// Completes the ages of containers by what the engine's clock shows now. Behind a proxy that does not let everything
    /// through the engine may not tell it, and then the ages stay unknown.
    async fn tell_ages(&self, containers: &mut [Leftover]) -> Result<(), EngineError> {
        let info = match self.docker.info().await {
            Ok(info) => Some(info),
            Err(error) if status(&error).is_some() => None,
            Err(error) => return Err(self.failed("tell the time", error)),
        };
        let time = info.and_then(|info| info.system_time?.parse::<Timestamp>().ok());
        let now = time.and_then(|time| u64::try_from(time.as_second()).ok());
        for container in containers {
            container.age = match (container.age, now) {
                (Some(age), Some(now)) => Some(Age { now, ..age }),
                _ => None,
            };
        }
        Ok(())
    }

    pub(super) async fn named(
        &self,
        containers: &[String],
        images: &[String],
    ) -> Result<Vec<Leftover>, EngineError> {
        let begins = |name: &str, with: &[String]| with.iter().any(|start| name.starts_with(start));
        let mut found = self.containers(&HashMap::new()).await?;
        found.retain(|container| begins(&container.name, containers));
        let mut named_images = self.images(&HashMap::new()).await?;
        named_images.retain(|image| begins(&image.name, images));
        found.extend(named_images);
        Ok(found)
    }

    /// Containers in every state. How old they are is known only after [`Self::tell_ages`].
    pub(super) async fn containers(&self, filters: &Filters) -> Result<Vec<Leftover>, EngineError> {
        let options = ListContainersOptionsBuilder::new()
            .all(true)
            .filters(filters)
            .build();
        let found = self
            .docker
            .list_containers(Some(options))
            .await
            .map_err(|error| self.failed("list the containers", error))?;
        Ok(found
            .into_iter()
            .filter_map(|container| {
                let id = container.id?;
                let name = container.names.unwrap_or_default().into_iter().next();
                Some(Leftover {
                    kind: LeftoverKind::Container,
                    name: name.map_or_else(
                        || id.clone(),
                        |name| name.trim_start_matches('/').to_owned(),
                    ),
                    id,
                    labels: container.labels.unwrap_or_default().into_iter().collect(),
                    running: matches!(
                        container.state,
                        Some(State::RUNNING | State::PAUSED | State::RESTARTING)
                    ),
                    age: container
                        .created
                        .and_then(|made| u64::try_from(made).ok())
                        .map(|made| Age { made, now: made }),
                    size: None,
                })
            })
            .collect())
    }

    async fn labelled_volumes(&self) -> Result<Vec<Leftover>, EngineError> {
        let options = ListVolumesOptionsBuilder::new()
            .filters(&labelled())
            .build();
        let found = self
            .docker
            .list_volumes(Some(options))
            .await
            .map_err(|error| self.failed("list the volumes", error))?;
        Ok(found
            .volumes
            .unwrap_or_default()
            .into_iter()
            .map(|volume| Leftover {
                kind: LeftoverKind::Volume,
                id: volume.name.clone(),
                name: volume.name,
                labels: volume.labels.into_iter().collect(),
                running: false,
                age: None,
                size: None,
            })
            .collect())
    }

    async fn images(&self, filters: &Filters) -> Result<Vec<Leftover>, EngineError> {
        let options = ListImagesOptionsBuilder::new().filters(filters).build();
        let found = self
            .docker
            .list_images(Some(options))
            .await
            .map_err(|error| self.failed("list the images", error))?;
        Ok(found
            .into_iter()
            .map(|image| Leftover {
                kind: LeftoverKind::Image,
                name: name_of(&image.repo_tags).unwrap_or_else(|| image.id.clone()),
                id: image.id,
                labels: image.labels.into_iter().collect(),
                running: false,
                age: None,
                size: u64::try_from(image.size).ok(),
            })
            .collect())
    }

    pub(super) async fn untag(&self, name: &str) -> Result<(), EngineError> {
        let removed = self
            .patient
            .remove_image(name, None::<RemoveImageOptions>, None)
            .await;
        match removed.map(drop) {
            Err(error) if status(&error) == Some(404) => Ok(()),
            done => done.map_err(|error| self.failed(&format!("remove the name {name}"), error)),
        }
    }

    pub(super) async fn remove(&self, leftover: &Leftover) -> Result<(), EngineError> {
        let (kind, removed) = match leftover.kind {
            LeftoverKind::Container => return self.remove_container(&leftover.id).await,
            LeftoverKind::Volume => (
                "volume",
                self.patient
                    .remove_volume(&leftover.id, None::<RemoveVolumeOptions>)
                    .await,
            ),
            LeftoverKind::Image => {
                // Forced, because an image with several names would stay otherwise; one that a container uses stays anyway.
                let options = RemoveImageOptionsBuilder::new().force(true).build();
                let removed = self
                    .patient
                    .remove_image(&leftover.id, Some(options), None)
                    .await;
                ("image", removed.map(drop))
            }
        };
        match removed {
            Err(error) if status(&error) == Some(404) => Ok(()),
            Err(error) if status(&error) == Some(409) => Err(EngineError::InUse {
                what: format!("{kind} {}", leftover.name),
                source: message_of(error),
            }),
            done => done
                .map_err(|error| self.failed(&format!("remove {kind} {}", leftover.name), error)),
        }
    }
}

/// Conditions of the engine's lists, by name.
pub(super) type Filters = HashMap<String, Vec<String>>;

/// The filter for everything that carries [`LABEL_RUN`].
fn labelled() -> Filters {
    HashMap::from([("label".to_owned(), vec![LABEL_RUN.to_owned()])])
}
