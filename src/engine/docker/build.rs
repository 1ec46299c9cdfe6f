//! Image builds by the classic builder.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use bollard::query_parameters::{BuildImageOptionsBuilder, BuilderVersion};
use bollard::{BollardRequest, Docker, body_try_stream};
use futures_util::StreamExt;
use tokio_util::sync::CancellationToken;

use super::client::Client;
use super::outgoing::ReadFailure;
use super::pull::Layers;
use super::session::REMOVAL_LIMIT;
use crate::engine::lines::Lines;
use crate::engine::{EngineError, ImageBuild};
use crate::events::{Event, Sink, Warning};
use crate::failure::with_causes;

/// Step name of a builder's output.
const STEP: &str = "image";
/// How long a build that is stopped is listened to.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// Characters of an id in the builder's output.
const SHORT_ID: usize = 12;

impl Client {
    /// Builds the image `name`. Returns its id, or `None` when `cancel` was cancelled first; the builder's containers are
    /// gone either way.
    pub(super) async fn build(
        &self,
        name: &str,
        build: ImageBuild,
        sink: &dyn Sink,
        cancel: &CancellationToken,
    ) -> Result<Option<String>, EngineError> {
        let before = self.containers(&HashMap::new()).await?;
        let mut containers = BuildersContainers::default();
        let building = self.build_until_stopped(name, build, sink, &mut containers, cancel);
        let outcome = building.await;
        if containers.0.is_empty() {
            return outcome;
        }
        let before = before.into_iter().map(|container| container.id).collect();
        let removing = self.remove_builders(&containers, &before);
        // An engine that hangs must not hold up a run that is being stopped.
        let removed = tokio::time::timeout(REMOVAL_LIMIT, removing).await;
        let removed = removed.unwrap_or_else(|_| {
            Err(EngineError::Stalled {
                what: "the removal of the builder's containers".to_owned(),
                limit: REMOVAL_LIMIT,
            })
        });
        if let Err(error) = removed {
            let warning = Warning::BuilderLeft(with_causes(&error));
            sink.event(&warning.into());
        }
        outcome
    }

    /// Removes the containers that the builder has not removed: it gives up when another program removes one of them, and it
    /// needs a moment when a build is stopped. A container that cannot be removed does not keep the others.
    async fn remove_builders(
        &self,
        containers: &BuildersContainers,
        before: &BTreeSet<String>,
    ) -> Result<(), EngineError> {
        let mut outcome = Ok(());
        for container in self.containers(&HashMap::new()).await? {
            // The output of an instruction may look like the builder's own; a container that existed before is never the builder's.
            if containers.include(&container.id) && !before.contains(&container.id) {
                outcome = outcome.and(self.remove_container(&container.id).await);
            }
        }
        outcome
    }

    async fn build_until_stopped(
        &self,
        name: &str,
        build: ImageBuild,
        sink: &dyn Sink,
        containers: &mut BuildersContainers,
        cancel: &CancellationToken,
    ) -> Result<Option<String>, EngineError> {
        let operation = format!("build image {name}");
        let options = BuildImageOptionsBuilder::new()
            .version(BuilderVersion::BuilderV1)
            .dockerfile(&build.dockerfile)
            .t(name)
            .rm(true)
            .forcerm(true)
            .buildargs(&build.arguments.into_iter().collect())
            .labels(&build.labels.into_iter().collect())
            .build();
        let docker = with_memory(&self.patient, build.memory);
        let (context, unreadable) = ReadFailure::watch(build.context);
        let mut answers = docker.build_image(options, None, Some(body_try_stream(context)));

        // A line of the one must not be appended to what the other has begun, such as curl's progress.
        let (mut output, mut errors) = (Lines::default(), Lines::default());
        let mut layers = Layers::default();
        let mut emit = |line: String| {
            containers.note(&line);
            sink.event(&Event::Output {
                step: STEP.to_owned(),
                line,
            });
        };
        let mut id = None;
        loop {
            let answer = tokio::select! {
                answer = answers.next() => answer,
                () = cancel.cancelled() => {
                    // What has been said before may name a container. The engine ends a build when its client disconnects.
                    let last_words = async {
                        while let Some(Ok(answer)) = answers.next().await {
                            output.push(answer.stream.unwrap_or_default().as_bytes(), &mut emit);
                        }
                    };
                    let _ = tokio::time::timeout(LAST_WORDS, last_words).await;
                    return Ok(None);
                }
            };
            let Some(answer) = answer else { break };
            let answer = match answer {
                Ok(answer) => answer,
                Err(error) => {
                    output.finish(&mut emit);
                    errors.finish(&mut emit);
                    let error = unreadable.or(&operation, self.failed(&operation, error));
                    return Err(as_build_failure(name, error));
                }
            };
            if let Some(text) = answer.stream {
                match uncoloured(&text) {
                    Some(text) => errors.push(text.as_bytes(), &mut emit),
                    None => output.push(text.as_bytes(), &mut emit),
                }
            }
            // The builder pulls a missing base image and reports it as a pull does.
            if let Some(transfer) =
                layers.transfer(answer.id, answer.status, answer.progress_detail)
            {
                sink.event(&transfer.event);
            }
            id = answer.aux.and_then(|aux| aux.id).or(id);
        }
        output.finish(&mut emit);
        errors.finish(&mut emit);
        match id {
            Some(id) => Ok(Some(id)),
            None => match self.image(name).await? {
                Some(image) => Ok(Some(image.id)),
                None => Err(Self::incomplete(&operation, "image id")),
            },
        }
    }
}

/// Containers that the builder has reported as made and not as removed, by the beginning of their ids.
#[derive(Debug, Default)]
struct BuildersContainers(BTreeSet<String>);

impl BuildersContainers {
    /// Reads a line of the builder's output.
    fn note(&mut self, line: &str) {
        if let Some(id) = line.strip_prefix(" ---> Running in ") {
            // A shorter one, printed by an instruction, would match many containers.
            if id.len() == SHORT_ID {
                self.0.insert(id.to_owned());
            }
        } else if let Some(id) = line.strip_prefix("Removing intermediate container ") {
            self.0.remove(id);
        }
    }

    /// Whether the container with this full id is one of them.
    fn include(&self, id: &str) -> bool {
        self.0.iter().any(|short| id.starts_with(short.as_str()))
    }
}

/// A piece of standard error without the red colour by which the builder marks it; `None` for other output.
fn uncoloured(text: &str) -> Option<&str> {
    text.strip_prefix("\u{1b}[91m")?.strip_suffix("\u{1b}[0m")
}

/// In a build, a refusal of the engine is the builder's last message.
fn as_build_failure(image: &str, error: EngineError) -> EngineError {
    match error {
        EngineError::Refused { source, .. } => EngineError::ImageBuild {
            image: image.to_owned(),
            message: source.to_string(),
        },
        other => other,
    }
}

/// A connection whose builds are limited to `memory` bytes. bollard's own option is an `i32`, which ends below 2 GiB.
fn with_memory(docker: &Docker, memory: Option<u64>) -> Docker {
    let docker = docker.clone();
    let Some(memory) = memory else {
        return docker;
    };
    docker.with_request_modifier(move |mut request: BollardRequest| {
        let limited = format!("{}&memory={memory}&memswap={memory}", request.uri());
        if let Ok(uri) = limited.parse() {
            *request.uri_mut() = uri;
        }
        request
    })
}
