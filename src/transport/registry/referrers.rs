//! What is attached to an artifact: by the referrers API, and where the registry has none, by the tag scheme of the distribution
//! specification.

use reqwest::StatusCode;

use super::answer::read_up_to;
use super::connection::Request;
use super::repository::Registry;
use super::stall::Movement;
use crate::transport::digest::Digest;
use crate::transport::document::{Content, Descriptor, Document, Index};
use crate::transport::error::TransportError;
use crate::transport::limits::LARGEST_DOCUMENT;
use crate::transport::reference::ArtifactName;

/// How often an entry is added anew because somebody else moved the tag meanwhile.
const ATTEMPTS: u32 = 8;

impl Registry<'_> {
    /// What is attached to the artifact.
    pub(crate) async fn referrers(
        &self,
        subject: &Digest,
    ) -> Result<Vec<Descriptor>, TransportError> {
        let operation = format!("list what is attached to {}", subject.short());
        let url = self.connection.peer.url(&format!("referrers/{subject}"));
        let answer = self
            .connection
            .send(&Request {
                operation: operation.clone(),
                make: &|client| Ok(client.get(url.clone())),
                movement: Movement::default(),
            })
            .await?;
        match answer.status() {
            StatusCode::OK => {}
            // 404 of those that do not know the API, and what others say of a path that they do not know.
            StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST | StatusCode::METHOD_NOT_ALLOWED => {
                return Ok(self
                    .tagged(subject)
                    .await?
                    .map_or_else(Vec::new, |index| index.manifests));
            }
            _ => return Err(self.connection.peer.refused(&operation, answer).await),
        }
        let stall = self.connection.peer.patience.stall;
        let read = read_up_to(answer, LARGEST_DOCUMENT, stall).await;
        let Ok(Some(bytes)) = read else {
            let reason = "gave no list that can be read";
            return Err(self.connection.peer.wrong_answer(&operation, reason));
        };
        let index = serde_json::from_slice::<Index>(&bytes);
        let index = index.map_err(|source| TransportError::Malformed {
            what: format!("the list of what is attached to {subject}"),
            place: self.place(),
            source,
        })?;
        Ok(index.manifests)
    }

    /// The index under the tag of the tag scheme.
    async fn tagged(&self, subject: &Digest) -> Result<Option<Index>, TransportError> {
        match self.document(&tag_of(subject)).await {
            Ok(Document {
                content: Content::Index(index),
                ..
            }) => Ok(Some(index)),
            Ok(_) => Err(TransportError::Answer {
                operation: format!("list what is attached to {}", subject.short()),
                registry: self.connection.peer.registry(),
                reason: format!("has something else than an index as {}", tag_of(subject)),
            }),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Adds entries under the tag of the tag scheme, beside those that are there. Returns whether that changed anything.
    pub(crate) async fn attach_by_tag(
        &self,
        subject: &Digest,
        attached: &[Descriptor],
    ) -> Result<bool, TransportError> {
        let name = tag_of(subject);
        let mut has_changed = false;
        for _ in 0..ATTEMPTS {
            let before = self.tagged(subject).await?;
            let mut entries = before.map_or_else(Vec::new, |index| index.manifests);
            let count = entries.len();
            for new in attached {
                if !entries.iter().any(|entry| entry.digest == new.digest) {
                    entries.push(new.clone());
                }
            }
            if entries.len() == count {
                return Ok(has_changed);
            }
            // The same entries make the same index, in whatever order they came.
            entries.sort_by(|one, other| one.digest.cmp(&other.digest));
            self.put_document(&Index::new(None, entries).into(), &name)
                .await?;
            has_changed = true;
            // Another run may have read the same index and written its own after this one: look again.
        }
        Err(TransportError::Contended {
            what: name.to_string(),
            place: self.place(),
        })
    }
}

/// The tag under which the tag scheme lists what is attached to an artifact.
fn tag_of(subject: &Digest) -> ArtifactName {
    ArtifactName::Tag(format!("sha256-{}", subject.hex()))
}
