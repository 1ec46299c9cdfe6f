//! Image builds by the classic builder.

use bollard::query_parameters::{BuildImageOptionsBuilder, BuilderVersion};
use bollard::{BollardRequest, Docker, body_try_stream};
use futures_util::StreamExt;

use super::client::Client;
use super::lines::Lines;
use super::outgoing::ReadFailure;
use super::pull::Layers;
use crate::engine::{EngineError, ImageBuild};
use crate::events::{Event, Sink};

/// Step name of a builder's output.
const STEP: &str = "image";

impl Client {
    pub(super) async fn build(
        &self,
        build: ImageBuild,
        sink: &dyn Sink,
    ) -> Result<String, EngineError> {
        let name = build.name;
        let operation = format!("build image {name}");
        let options = BuildImageOptionsBuilder::new()
            .version(BuilderVersion::BuilderV1)
            .dockerfile(&build.dockerfile)
            .t(&name)
            .rm(true)
            .forcerm(true)
            .buildargs(&build.arguments.into_iter().collect())
            .labels(&build.labels.into_iter().collect())
            .build();
        let docker = with_memory(&self.patient, build.memory);
        let (context, unreadable) = ReadFailure::watch(build.context);
        let mut answers = docker.build_image(options, None, Some(body_try_stream(context)));

        let mut lines = Lines::default();
        let mut layers = Layers::default();
        let mut emit = |line| {
            sink.event(&Event::Output {
                step: STEP.to_owned(),
                line,
            });
        };
        let mut id = None;
        while let Some(answer) = answers.next().await {
            let answer = match answer {
                Ok(answer) => answer,
                Err(error) => {
                    lines.finish(&mut emit);
                    let error = unreadable.or(&operation, self.failed(&operation, error));
                    return Err(as_build_failure(&name, error));
                }
            };
            if let Some(text) = answer.stream {
                lines.push(uncoloured(&text).as_bytes(), &mut emit);
            }
            // The builder pulls a base image that is not there, and reports that as a pull does.
            if let Some(transfer) =
                layers.transfer(answer.id, answer.status, answer.progress_detail)
            {
                sink.event(&transfer.event);
            }
            id = answer.aux.and_then(|aux| aux.id).or(id);
        }
        lines.finish(&mut emit);
        match id {
            Some(id) => Ok(id),
            None => match self.image(&name).await? {
                Some(image) => Ok(image.id),
                None => Err(Self::incomplete(&operation, "image id")),
            },
        }
    }
}

/// A piece of output without the red that the builder puts around standard error.
fn uncoloured(text: &str) -> &str {
    text.strip_prefix("\u{1b}[91m")
        .and_then(|text| text.strip_suffix("\u{1b}[0m"))
        .unwrap_or(text)
}

/// What the engine refused is here the builder's last word.
fn as_build_failure(image: &str, error: EngineError) -> EngineError {
    match error {
        EngineError::Refused { source, .. } => EngineError::ImageBuild {
            image: image.to_owned(),
            message: source.to_string(),
        },
        other => other,
    }
}

/// A connection whose builds may use `memory` bytes. bollard's own option is an `i32`, which ends below 2 GiB.
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
