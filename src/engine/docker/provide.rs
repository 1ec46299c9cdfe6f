//! Images from any source.

use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt;
use tokio_util::io::ReaderStream;
use tokio_util::sync::CancellationToken;

use super::build::ImageBuild;
use super::client::Client;
use super::engine::DockerEngine;
use super::images::instructions;
use crate::engine::{EngineError, Image, ImageContent, ImageSource};
use crate::events::Sink;

impl DockerEngine {
    pub(super) async fn provide_image(
        &self,
        name: &str,
        source: ImageSource,
        sink: &dyn Sink,
        cancel: &CancellationToken,
    ) -> Result<Option<Image>, EngineError> {
        match source {
            ImageSource::Registry {
                reference,
                expected,
                stall,
            } => {
                let pulling = self.pull_as(name, &reference, expected.as_ref(), stall, sink);
                unless_cancelled(cancel, pulling).await
            }
            ImageSource::Dockerfile {
                context,
                dockerfile,
                arguments,
                labels,
                memory,
            } => {
                let build = ImageBuild {
                    context,
                    dockerfile,
                    arguments,
                    labels,
                    memory,
                };
                // Not dropped on cancellation: it removes the builder's containers before it returns.
                match self.client.build(name, build, sink, cancel).await? {
                    Some(id) => self.client.existing_image(&id).await.map(Some),
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
                    let id = self.client.import(archive, name, &changes).await?;
                    self.client.existing_image(&id).await
                };
                unless_cancelled(cancel, importing).await
            }
            ImageSource::Archive { file } => {
                unless_cancelled(cancel, self.client.image_of_archive(name, &file)).await
            }
        }
    }

    /// Pulls `reference` and gives it the name `name` if its content is the expected one.
    async fn pull_as(
        &self,
        name: &str,
        reference: &str,
        expected: Option<&ImageContent>,
        stall: Duration,
        sink: &dyn Sink,
    ) -> Result<Image, EngineError> {
        let image = self.pull_image(reference, stall, sink).await?;
        if expected.is_some() && image.known_content() != expected {
            self.client.untag(reference).await?;
            return Err(EngineError::OtherContent {
                reference: reference.to_owned(),
                found: image.content,
            });
        }
        if reference != name {
            self.client.tag(reference, name).await?;
        }
        Ok(image)
    }
}

impl Client {
    async fn image_of_archive(&self, id: &str, file: &Path) -> Result<Image, EngineError> {
        let operation = format!("load the image archive {}", file.display());
        let opened = tokio::fs::File::open(file).await;
        let opened = opened.map_err(|source| EngineError::Unreadable {
            operation: operation.clone(),
            source,
        })?;
        let archive = ReaderStream::new(opened).boxed();
        self.load(&operation, archive).await?;
        self.existing_image(id).await
    }

    /// The image, which must exist.
    pub(super) async fn existing_image(&self, reference: &str) -> Result<Image, EngineError> {
        let image = self.image(reference).await?;
        image.ok_or_else(|| EngineError::NoImage {
            image: reference.to_owned(),
        })
    }
}

async fn unless_cancelled(
    cancel: &CancellationToken,
    work: impl Future<Output = Result<Image, EngineError>>,
) -> Result<Option<Image>, EngineError> {
    tokio::select! {
        image = work => image.map(Some),
        () = cancel.cancelled() => Ok(None),
    }
}
