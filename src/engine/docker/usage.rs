//! The size of volumes.

use std::collections::BTreeMap;
use std::time::Duration;

use bollard::errors::Error;
use bollard::query_parameters::ListVolumesOptions;
use bollard::{BollardRequest, ClientVersion};

use tokio::time::Instant;

use super::client::Client;
use crate::engine::{EngineError, VolumeUse};

/// The last version of the API whose answer about the disk has the form that is read here.
const NEWEST: ClientVersion = ClientVersion {
    major_version: 1,
    minor_version: 51,
};

/// Pause before the question is repeated to an engine that is still answering another one.
const ASK_AGAIN: Duration = Duration::from_millis(500);

impl Client {
    pub(super) async fn volume_uses(&self) -> Result<BTreeMap<String, VolumeUse>, EngineError> {
        let agreed = self.docker.client_version();
        let version = if agreed > NEWEST { NEWEST } else { agreed };
        // bollard's own question about the disk reads only the answers of API 1.52 and later. Up to 1.51, the answer has the
        // volumes in the form of the list of volumes, with their sizes.
        let about_the_disk = move |mut request: BollardRequest| {
            let list = request.uri().to_string();
            let engine = list.strip_suffix("/volumes");
            let question = engine.and_then(|engine| {
                format!("{engine}/v{version}/system/df?type=volume")
                    .parse()
                    .ok()
            });
            if let Some(question) = question {
                *request.uri_mut() = question;
            }
            request
        };
        let docker = self.patient.clone().with_request_modifier(about_the_disk);
        let limit = Instant::now() + self.docker.timeout();
        let found = loop {
            let found = docker.list_volumes(None::<ListVolumesOptions>).await;
            match found {
                // An engine answers one such question at a time and refuses any other meanwhile.
                Err(Error::DockerResponseServerError { ref message, .. })
                    if message.contains("already running") && Instant::now() < limit =>
                {
                    tokio::time::sleep(ASK_AGAIN).await;
                }
                found => break found,
            }
        };
        let found = found.map_err(|error| self.failed("report the size of its volumes", error))?;
        let known = |number: i64| u64::try_from(number).ok();
        let volumes = found.volumes.unwrap_or_default().into_iter();
        Ok(volumes
            .map(|volume| {
                let usage = volume.usage_data;
                let taken = VolumeUse {
                    size: usage.as_ref().and_then(|usage| known(usage.size)),
                    containers: usage.and_then(|usage| known(usage.ref_count)),
                };
                (volume.name, taken)
            })
            .collect())
    }
}
