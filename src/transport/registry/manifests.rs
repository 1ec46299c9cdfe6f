//! Manifests and indexes in a repository.

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Method, Response, StatusCode};

use super::answer::{Unread, read_up_to};
use super::connection::{Again, Request};
use super::repository::Registry;
use super::stall::Movement;
use crate::transport::digest::Digest;
use crate::transport::document::{
    DOCKER_INDEX_TYPE, DOCKER_MANIFEST_TYPE, Document, INDEX_TYPE, MANIFEST_TYPE,
};
use crate::transport::error::TransportError;
use crate::transport::limits::LARGEST_DOCUMENT;
use crate::transport::reference::ArtifactName;

impl Registry<'_> {
    /// The manifest or index of that name.
    pub(crate) async fn document(&self, name: &ArtifactName) -> Result<Document, TransportError> {
        let operation = format!("fetch manifest {name}");
        let answer = self.ask(&operation, Method::GET, name).await?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Err(self.not_found(name.to_string())),
            _ => return Err(self.connection.peer.refused(&operation, answer).await),
        }
        let said = answer.headers().get(CONTENT_TYPE);
        let said = said.and_then(|said| said.to_str().ok()).unwrap_or_default();
        let said = said.split(';').next().unwrap_or_default().trim().to_owned();
        let bytes = self.read(&operation, name, answer).await?;
        let document = Document::read(bytes, &said);
        document.map_err(|source| TransportError::Malformed {
            what: name.to_string(),
            place: self.place(),
            source,
        })
    }

    /// The whole text of a document, which is the one that was asked for.
    async fn read(
        &self,
        operation: &str,
        name: &ArtifactName,
        answer: Response,
    ) -> Result<Vec<u8>, TransportError> {
        let stall = self.connection.peer.patience.stall;
        let bytes = match read_up_to(answer, LARGEST_DOCUMENT, stall).await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                return Err(TransportError::TooLarge {
                    what: name.to_string(),
                    place: self.place(),
                    limit: LARGEST_DOCUMENT,
                });
            }
            Err(Unread::Stalled) => return Err(self.connection.peer.stalled(operation)),
            Err(Unread::Lost(error)) => {
                return Err(self.connection.peer.disconnected(operation, &error));
            }
        };
        if let ArtifactName::Digest(expected) = name {
            let found = Digest::of(&bytes);
            if found != *expected {
                return Err(TransportError::Digest {
                    place: self.place(),
                    expected: expected.clone(),
                    found,
                });
            }
        }
        Ok(bytes)
    }

    /// The digest that a name has, as the registry says; `None` if it has none.
    pub(crate) async fn digest_of(
        &self,
        name: &ArtifactName,
    ) -> Result<Option<Digest>, TransportError> {
        let operation = format!("look for manifest {name}");
        let answer = self.ask(&operation, Method::HEAD, name).await?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            _ => return Err(self.connection.peer.refused(&operation, answer).await),
        }
        let said = answer.headers().get("docker-content-digest");
        let said = said.and_then(|said| said.to_str().ok()?.parse().ok());
        match said {
            Some(digest) => Ok(Some(digest)),
            // Registries need not say it.
            None => Ok(Some(self.document(name).await?.descriptor.digest)),
        }
    }

    async fn ask(
        &self,
        operation: &str,
        method: Method,
        name: &ArtifactName,
    ) -> Result<Response, TransportError> {
        let url = self.connection.peer.url(&format!("manifests/{name}"));
        let accepted = [
            INDEX_TYPE,
            MANIFEST_TYPE,
            DOCKER_INDEX_TYPE,
            DOCKER_MANIFEST_TYPE,
        ]
        .join(", ");
        self.connection
            .send(&Request {
                operation: operation.to_owned(),
                make: &|client| {
                    let request = client.request(method.clone(), url.clone());
                    Ok(request.header(ACCEPT, accepted.as_str()))
                },
                movement: Movement::default(),
            })
            .await
    }

    /// Puts a document under a name. Returns whether the registry keeps account of what it is attached to.
    ///
    /// What it consists of is there, so a registry that does not know it is not done with it: docker-registry says so of a blob
    /// while another client pushes the same one. It is asked again after a pause.
    pub(crate) async fn put_document(
        &self,
        document: &Document,
        name: &ArtifactName,
    ) -> Result<bool, TransportError> {
        let operation = format!("push manifest {name}");
        let mut attempt = 1;
        loop {
            let answer = self.send_document(&operation, document, name).await?;
            if answer.status() == StatusCode::CREATED {
                return Ok(answer.headers().contains_key("oci-subject"));
            }
            let error = self.connection.peer.refused(&operation, answer).await;
            let TransportError::Refused {
                status, message, ..
            } = &error
            else {
                return Err(error);
            };
            if !matches!(status, 400 | 404) || !message.contains("unknown") {
                return Err(error);
            }
            let (status, message) = (*status, message.clone());
            let why = Again::Busy { status, message };
            self.connection
                .again(&operation, attempt, why, None)
                .await?;
            attempt += 1;
        }
    }

    async fn send_document(
        &self,
        operation: &str,
        document: &Document,
        name: &ArtifactName,
    ) -> Result<Response, TransportError> {
        let url = self.connection.peer.url(&format!("manifests/{name}"));
        self.connection
            .send(&Request {
                operation: operation.to_owned(),
                make: &|client| {
                    let request = client.put(url.clone());
                    let request = request.header(CONTENT_TYPE, &document.descriptor.media_type);
                    Ok(request.body(document.bytes.clone()))
                },
                movement: Movement::default(),
            })
            .await
    }
}
