//! Uploads of blobs: only of what the repository does not have, streamed.

use futures_util::StreamExt as _;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use reqwest::{Body, Response, StatusCode, Url};
use tokio_util::io::ReaderStream;

use super::connection::{Again, Request};
use super::repository::Registry;
use super::stall::Movement;
use crate::events::Event;
use crate::regular_file;
use crate::transport::blob::BlobSource;
use crate::transport::digest::Digest;
use crate::transport::document::Descriptor;
use crate::transport::error::TransportError;

/// Bytes that are read of a file at a time.
const CHUNK: usize = 256 << 10;

impl Registry<'_> {
    /// Whether the repository has a blob.
    pub(crate) async fn has(&self, digest: &Digest) -> Result<bool, TransportError> {
        let operation = format!("look for blob {}", digest.short());
        let url = self.connection.peer.url(&format!("blobs/{digest}"));
        let answer = self
            .connection
            .send(&Request {
                operation: operation.clone(),
                make: &|client| Ok(client.head(url.clone())),
                movement: Movement::default(),
            })
            .await?;
        match answer.status() {
            StatusCode::OK => Ok(true),
            StatusCode::NOT_FOUND => Ok(false),
            _ => Err(self.connection.peer.refused(&operation, answer).await),
        }
    }

    /// Puts a blob that the repository does not have. `from` is a repository of the same registry that may have it. Returns
    /// whether its bytes were sent.
    pub(crate) async fn put(
        &self,
        blob: &Descriptor,
        source: &BlobSource,
        from: Option<&str>,
    ) -> Result<bool, TransportError> {
        let operation = format!("push blob {}", blob.digest.short());
        let mut attempt = 1;
        loop {
            let Some(url) = self.begin(&operation, blob, from).await? else {
                return Ok(false);
            };
            let answer = self.send_blob(&operation, blob, source, &url).await?;
            match answer.status() {
                StatusCode::CREATED | StatusCode::ACCEPTED | StatusCode::NO_CONTENT => {
                    return Ok(true);
                }
                // The upload is gone: the registry was started again, or cleaned up.
                StatusCode::NOT_FOUND => {
                    let message = "the upload is unknown".to_owned();
                    let status = answer.status().as_u16();
                    let why = Again::Busy { status, message };
                    self.connection
                        .again(&operation, attempt, why, None)
                        .await?;
                    attempt += 1;
                }
                _ => return Err(self.connection.peer.refused(&operation, answer).await),
            }
        }
    }

    /// Begins an upload, and returns where it goes; `None` if the registry took the blob from another repository.
    async fn begin(
        &self,
        operation: &str,
        blob: &Descriptor,
        from: Option<&str>,
    ) -> Result<Option<Url>, TransportError> {
        let mut url = self.connection.peer.url("blobs/uploads/");
        if let Some(from) = from {
            url.query_pairs_mut()
                .append_pair("mount", &blob.digest.to_string())
                .append_pair("from", from);
        }
        let answer = self
            .connection
            .send(&Request {
                operation: operation.to_owned(),
                make: &|client| Ok(client.post(url.clone()).header(CONTENT_LENGTH, 0)),
                movement: Movement::default(),
            })
            .await?;
        match answer.status() {
            StatusCode::CREATED => Ok(None),
            StatusCode::ACCEPTED => {
                let location = answer.headers().get(LOCATION);
                let location = location.and_then(|location| location.to_str().ok());
                let location = location.ok_or_else(|| {
                    self.connection
                        .peer
                        .wrong_answer(operation, "does not say where an upload goes")
                })?;
                let mut url = self
                    .connection
                    .peer
                    .location(answer.url(), location, operation)?;
                url.query_pairs_mut()
                    .append_pair("digest", &blob.digest.to_string());
                Ok(Some(url))
            }
            _ => Err(self.connection.peer.refused(operation, answer).await),
        }
    }

    /// Sends the bytes in one request.
    async fn send_blob(
        &self,
        operation: &str,
        blob: &Descriptor,
        source: &BlobSource,
        url: &Url,
    ) -> Result<Response, TransportError> {
        let movement = Movement::default();
        self.connection
            .send(&Request {
                operation: operation.to_owned(),
                make: &|client| {
                    movement.restart();
                    Ok(client
                        .put(url.clone())
                        .header(CONTENT_TYPE, "application/octet-stream")
                        .header(CONTENT_LENGTH, blob.size)
                        .body(Self::body(blob, source, &movement)?))
                },
                movement: movement.clone(),
            })
            .await
    }

    fn body(
        blob: &Descriptor,
        source: &BlobSource,
        movement: &Movement,
    ) -> Result<Body, TransportError> {
        let path = match source {
            BlobSource::Bytes(bytes) => return Ok(Body::from(bytes.clone())),
            BlobSource::File(path) => path,
        };
        let file = regular_file::open(path).map_err(|source| TransportError::Unreadable {
            path: path.clone(),
            source,
        })?;
        let file = tokio::fs::File::from_std(file);
        let (movement, size) = (movement.clone(), blob.size);
        // A file that grows meanwhile is not sent further than it was announced; the registry checks the digest.
        let reader = tokio::io::AsyncReadExt::take(file, size);
        let stream = ReaderStream::with_capacity(reader, CHUNK);
        Ok(Body::wrap_stream(stream.inspect(move |chunk| {
            if let Ok(chunk) = chunk {
                movement.add(chunk.len());
            }
        })))
    }

    /// Tells how much of a blob was sent.
    pub(crate) fn tell_pushed(&self, blob: &Descriptor, action: &str) {
        self.connection.sink.event(&Event::Transfer {
            item: blob.digest.short().to_owned(),
            action: action.to_owned(),
            current: blob.size,
            total: blob.size,
        });
    }
}
