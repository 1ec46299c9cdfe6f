//! Files into and out of a container.

use bollard::body_try_stream;
use bollard::errors::Error;
use bollard::query_parameters::{
    ContainerArchiveInfoOptionsBuilder, DownloadFromContainerOptionsBuilder,
    UploadToContainerOptionsBuilder,
};
use futures_util::{StreamExt, stream};

use super::failure::{ContainerEnded, says_no_container, status};
use super::outgoing::ReadFailure;
use super::session::DockerSession;
use crate::engine::{ByteStream, EngineError, GuestPath};

impl DockerSession {
    pub(super) async fn unpack(
        &self,
        path: &GuestPath,
        archive: ByteStream,
    ) -> Result<(), EngineError> {
        let operation = format!("upload to {path}");
        let target = ContainerArchiveInfoOptionsBuilder::new()
            .path(path.as_str())
            .build();
        // Checked first: an engine that refuses in the middle of a body may close the connection before its message is read.
        self.client
            .docker
            .get_container_archive_info(&self.id, Some(target))
            .await
            .map_err(|error| self.no_such_file(&operation, path, error))?;
        let options = UploadToContainerOptionsBuilder::new()
            .path(path.as_str())
            .build();
        let (archive, unreadable) = ReadFailure::watch(archive);
        self.client
            .patient
            .upload_to_container(&self.id, Some(options), body_try_stream(archive))
            .await
            .map_err(|error| unreadable.or(&operation, self.no_such_file(&operation, path, error)))
    }

    pub(super) async fn pack(&self, path: &GuestPath) -> Result<ByteStream, EngineError> {
        let operation = format!("download {path}");
        let options = DownloadFromContainerOptionsBuilder::new()
            .path(path.as_str())
            .build();
        let mut parts = self
            .client
            .docker
            .download_from_container(&self.id, Some(options));
        // A refusal arrives instead of the first part.
        let first = match parts.next().await {
            None => return Err(super::client::Client::incomplete(&operation, "content")),
            Some(first) => first.map_err(|error| self.no_such_file(&operation, path, error))?,
        };
        let client = self.client.clone();
        let rest = parts.map(move |part| {
            part.map_err(|error| std::io::Error::other(client.failed(&operation, error)))
        });
        Ok(stream::iter([Ok(first)]).chain(rest).boxed())
    }

    /// The engine answers 404 both for a missing path and for a missing container.
    fn no_such_file(&self, operation: &str, path: &GuestPath, error: Error) -> EngineError {
        match &error {
            Error::DockerResponseServerError { message, .. } if status(&error) == Some(404) => {
                if says_no_container(message) {
                    return EngineError::Lost {
                        operation: operation.to_owned(),
                        source: Box::new(ContainerEnded::Removed),
                    };
                }
                EngineError::NotInSession { path: path.clone() }
            }
            _ => self.client.failed(operation, error),
        }
    }
}
