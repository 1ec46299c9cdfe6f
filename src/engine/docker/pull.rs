//! Pulls from registries.

use std::collections::HashMap;
use std::time::Duration;

use bollard::BollardRequest;
use bollard::auth::DockerCredentials;
use bollard::models::ProgressDetail;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use super::engine::DockerEngine;
use super::images::split_name;
use crate::engine::{EngineError, Image};
use crate::events::{Event, Sink};
use crate::transport::{Credentials, CredentialsError, credentials_for_image};

/// The header that carries a registry's credentials.
const AUTH_HEADER: &str = "x-registry-auth";

impl DockerEngine {
    pub(super) async fn pull_image(
        &self,
        reference: &str,
        stall: Duration,
        sink: &dyn Sink,
    ) -> Result<Image, EngineError> {
        let operation = format!("pull {reference}");
        let credentials = credentials_for_image(&self.settings, reference, sink).await;
        let credentials = credentials
            .map_err(|CredentialsError { path, source }| EngineError::Credentials { path, source })?
            .map(of_docker);
        let options = CreateImageOptionsBuilder::new()
            .from_image(&one_image(reference))
            .build();
        let docker = self
            .client
            .patient
            .clone()
            .with_request_modifier(url_safe_credentials);
        let mut answers = docker.create_image(Some(options), None, credentials);

        let mut layers = Layers::default();
        let mut deadline = Instant::now() + stall;
        // Dropping the stream, here or with this future, closes the connection, and the engine then gives up the pull.
        while let Some(answer) =
            timeout_at(deadline, answers.next())
                .await
                .map_err(|_| EngineError::Stalled {
                    what: format!("the pull of {reference}"),
                    limit: stall,
                })?
        {
            let answer = answer.map_err(|error| self.client.failed(&operation, error))?;
            let change = layers.transfer(answer.id, answer.status, answer.progress_detail);
            if let Some(change) = change {
                sink.event(&change.event);
                if change.forward {
                    deadline = Instant::now() + stall;
                }
            }
        }
        // Some engines end the stream of a failed pull without an error that differs from a status.
        self.client.existing_image(reference).await
    }
}

/// Credentials as bollard has them.
fn of_docker(credentials: Credentials) -> DockerCredentials {
    DockerCredentials {
        username: credentials.username,
        password: credentials.password,
        identitytoken: credentials.identity_token,
        registrytoken: credentials.registry_token,
        serveraddress: Some(credentials.server),
        ..DockerCredentials::default()
    }
}

/// `reference` with a tag; without one the engine would pull every tag of the repository.
fn one_image(reference: &str) -> String {
    if reference.contains('@') {
        return reference.to_owned();
    }
    let (repository, tag) = split_name(reference);
    format!("{repository}:{tag}")
}

/// bollard encodes the credentials in the standard base64 alphabet. The engine expects the URL-safe one and treats what it
/// cannot read as "no credentials".
fn url_safe_credentials(mut request: BollardRequest) -> BollardRequest {
    if let Some(value) = request.headers_mut().get_mut(AUTH_HEADER) {
        let safe = value
            .to_str()
            .map(|text| text.replace('+', "-").replace('/', "_").parse());
        if let Ok(Ok(safe)) = safe {
            *value = safe;
            // Debug output of the HTTP client hides a sensitive header.
            value.set_sensitive(true);
        }
    }
    request
}

/// A change in the state of a pull.
pub(super) struct Change {
    pub event: Event,
    /// Whether the pull made progress; a retry is a change without progress.
    pub forward: bool,
}

/// The last state of each layer.
#[derive(Default)]
pub(super) struct Layers {
    known: HashMap<String, Progress>,
}

#[derive(Clone, PartialEq, Eq, Default)]
struct Progress {
    action: &'static str,
    current: u64,
    total: u64,
}

impl Layers {
    /// The change that a status line makes, if any.
    pub(super) fn transfer(
        &mut self,
        layer: Option<String>,
        status: Option<String>,
        detail: Option<ProgressDetail>,
    ) -> Option<Change> {
        let layer = layer.filter(|layer| !layer.is_empty())?;
        let action = action(&status?)?;
        let before = self.known.entry(layer.clone()).or_default();
        let given = |value: Option<i64>| value.and_then(|n| u64::try_from(n).ok());
        let (current, total) = detail.map_or((None, None), |detail| {
            (given(detail.current), given(detail.total))
        });
        let total = total.filter(|&total| total > 0).unwrap_or(before.total);
        let now = Progress {
            action,
            current: match action {
                "downloaded" | "complete" => total,
                _ => current.unwrap_or(0),
            },
            total,
        };
        if *before == now {
            return None;
        }
        *before = now.clone();
        Some(Change {
            event: Event::Transfer {
                item: layer,
                action: now.action.to_owned(),
                current: now.current,
                total: now.total,
            },
            forward: now.action != "retrying",
        })
    }
}

/// The action that a status of Docker means; `None` when it is not about a layer.
fn action(status: &str) -> Option<&'static str> {
    Some(match status {
        "Pulling fs layer" | "Waiting" => "waiting",
        "Downloading" => "downloading",
        "Verifying Checksum" => "verifying",
        "Download complete" => "downloaded",
        "Extracting" => "extracting",
        "Pull complete" | "Already exists" => "complete",
        _ if status.starts_with("Retrying in") => "retrying",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(layers: &mut Layers, status: &str, current: i64, total: i64) -> Option<Change> {
        let detail = (total > 0).then_some(ProgressDetail {
            current: Some(current),
            total: Some(total),
        });
        layers.transfer(Some("abc".to_owned()), Some(status.to_owned()), detail)
    }

    #[test]
    fn only_changes_are_told_and_retries_are_no_progress() {
        let mut layers = Layers::default();
        assert!(said(&mut layers, "Pulling from library/x", 0, 0).is_none());
        assert!(said(&mut layers, "Pulling fs layer", 0, 0).unwrap().forward);
        assert!(said(&mut layers, "Waiting", 0, 0).is_none());
        assert!(said(&mut layers, "Downloading", 5, 10).unwrap().forward);
        assert!(said(&mut layers, "Downloading", 5, 10).is_none());
        assert!(
            !said(&mut layers, "Retrying in 5 seconds", 0, 0)
                .unwrap()
                .forward
        );
        assert!(said(&mut layers, "Retrying in 4 seconds", 0, 0).is_none());
        let done = said(&mut layers, "Download complete", 0, 0).unwrap();
        assert_eq!(
            done.event,
            Event::Transfer {
                item: "abc".to_owned(),
                action: "downloaded".to_owned(),
                current: 10,
                total: 10
            }
        );
    }

    #[test]
    fn a_pull_names_one_image() {
        assert_eq!(one_image("golang"), "golang:latest");
        assert_eq!(one_image("h:5000/golang"), "h:5000/golang:latest");
        assert_eq!(one_image("golang:1.12"), "golang:1.12");
        assert_eq!(one_image("golang@sha256:00"), "golang@sha256:00");
    }
}
