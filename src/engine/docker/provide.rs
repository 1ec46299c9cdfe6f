//! Images from any source.

use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt;
use tokio_util::io::ReaderStream;

use super::client::Client;
use super::engine::DockerEngine;
use crate::engine::{EngineError, Image, ImageContent};
use crate::events::Sink;

impl DockerEngine {
    /// Pulls `reference` and gives it the name `name` if its content is the expected one.
    pub(super) async fn pull_as(
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
    /// Loads the one image of an archive. `id` is the digest of its configuration, which has
    /// these `layers`.
    pub(super) async fn image_of_archive(
        &self,
        id: &str,
        file: &Path,
        layers: Option<&[String]>,
    ) -> Result<Image, EngineError> {
        let operation = format!("load the image archive {}", file.display());
        let opened = tokio::fs::File::open(file).await;
        let opened = opened.map_err(|source| EngineError::Unreadable {
            operation: operation.clone(),
            source,
        })?;
        let archive = ReaderStream::new(opened).boxed();
        let loaded = self.load(&operation, archive).await?;
        if let Some(image) = self.image(id).await? {
            return Ok(image);
        }
        // Where containerd stores the images, an image's id is the digest of its manifest or index.
        for name in &loaded {
            let image = self.image(name).await?;
            if let Some(image) = image.filter(|image| layers == Some(&image.content.layers)) {
                return Ok(image);
            }
        }
        Err(EngineError::NoImage {
            image: id.to_owned(),
        })
    }

    /// The image, which must exist.
    pub(super) async fn existing_image(&self, reference: &str) -> Result<Image, EngineError> {
        let image = self.image(reference).await?;
        image.ok_or_else(|| EngineError::NoImage {
            image: reference.to_owned(),
        })
    }
}
