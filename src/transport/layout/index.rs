//! The documents of a layout, and its index: what its tags are, and what is attached to what.

use std::io;
use std::path::PathBuf;

use super::directory::Layout;
use crate::regular_file;
use crate::transport::blob::BlobSource;
use crate::transport::digest::Digest;
use crate::transport::document::{Content, Descriptor, Document, Index, REF_NAME};
use crate::transport::error::TransportError;
use crate::transport::limits::{LARGEST_DOCUMENT, MOST_ENTRIES};
use crate::transport::reference::ArtifactName;

/// The file with the index.
const INDEX: &str = "index.json";

impl Layout<'_> {
    /// The manifest or index of that name.
    pub(crate) fn document(&self, name: &ArtifactName) -> Result<Document, TransportError> {
        let (digest, said) = match name {
            ArtifactName::Digest(digest) => (digest.clone(), String::new()),
            ArtifactName::Tag(tag) => {
                let index = self.index()?;
                let entry = index
                    .manifests
                    .into_iter()
                    .find(|entry| has_tag(entry, tag));
                let entry = entry.ok_or_else(|| self.not_found(tag.clone()))?;
                (entry.digest, entry.media_type)
            }
        };
        let path = self.path_of(&digest);
        let bytes = match regular_file::read(&path, LARGEST_DOCUMENT) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(self.not_found(name.to_string()));
            }
            Err(source) => return Err(TransportError::Unreadable { path, source }),
        };
        let found = Digest::of(&bytes);
        if found != digest {
            return Err(TransportError::Digest {
                place: self.place(),
                expected: digest,
                found,
            });
        }
        Document::read(bytes, &said).map_err(|source| self.malformed(name.to_string(), source))
    }

    /// The digest that a name has; `None` if it has none.
    pub(crate) fn digest_of(&self, name: &ArtifactName) -> Result<Option<Digest>, TransportError> {
        match name {
            ArtifactName::Digest(digest) => Ok(self.has(digest).then(|| digest.clone())),
            ArtifactName::Tag(tag) => {
                let mut entries = self.index()?.manifests.into_iter();
                let entry = entries.find(|entry| has_tag(entry, tag));
                Ok(entry.map(|entry| entry.digest))
            }
        }
    }

    /// Puts a document. A tag is then its, and no longer another's; what is attached to something is listed, as other tools do.
    pub(crate) async fn put_document(
        &self,
        document: &Document,
        name: &ArtifactName,
    ) -> Result<(), TransportError> {
        let entry = &document.descriptor;
        if !self.has(&entry.digest) {
            let bytes = document.bytes.clone().into();
            self.put(entry, &BlobSource::Bytes(bytes)).await?;
        }
        let is_attached =
            matches!(&document.content, Content::Manifest(manifest) if manifest.subject.is_some());
        let entry = match name {
            ArtifactName::Tag(tag) => entry.clone().annotated(REF_NAME, tag.clone()),
            ArtifactName::Digest(_) if is_attached => entry.clone(),
            ArtifactName::Digest(_) => return Ok(()),
        };
        let _lock = self.lock()?;
        let mut index = self.index()?;
        match name {
            ArtifactName::Tag(tag) => index.manifests.retain(|other| !has_tag(other, tag)),
            ArtifactName::Digest(_) => index.manifests.retain(|other| *other != entry),
        }
        // One that is too long could not be read any more.
        if index.manifests.len() >= MOST_ENTRIES {
            return Err(TransportError::TooMany {
                what: INDEX.to_owned(),
                place: self.place(),
                limit: MOST_ENTRIES - 1,
            });
        }
        index.manifests.push(entry);
        let text = serde_json::to_vec(&index).unwrap_or_default();
        self.write(&self.index_path(), &text)
    }

    /// What is attached to the artifact.
    pub(crate) fn referrers(&self, subject: &Digest) -> Result<Vec<Descriptor>, TransportError> {
        let mut found: Vec<Descriptor> = Vec::new();
        for entry in self.index()?.manifests {
            if entry.is_index() || found.iter().any(|known| known.digest == entry.digest) {
                continue;
            }
            let document = self.document(&ArtifactName::Digest(entry.digest.clone()))?;
            if let Content::Manifest(manifest) = &document.content
                && let Some(its) = &manifest.subject
                && its.digest == *subject
            {
                found.push(document.descriptor);
            }
        }
        found.sort_by(|one, other| one.digest.cmp(&other.digest));
        Ok(found)
    }

    fn index(&self) -> Result<Index, TransportError> {
        let path = self.index_path();
        let bytes = match regular_file::read(&path, LARGEST_DOCUMENT) {
            Ok(bytes) => bytes,
            // It is made after the file that says that this is a layout.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Index::new(None, Vec::new()));
            }
            Err(source) => return Err(TransportError::Unreadable { path, source }),
        };
        let index: Index = serde_json::from_slice(&bytes)
            .map_err(|source| self.malformed(INDEX.to_owned(), source))?;
        if index.manifests.len() > MOST_ENTRIES {
            return Err(TransportError::TooMany {
                what: INDEX.to_owned(),
                place: self.place(),
                limit: MOST_ENTRIES,
            });
        }
        Ok(index)
    }

    fn index_path(&self) -> PathBuf {
        self.path.join(INDEX)
    }

    fn malformed(&self, what: String, source: serde_json::Error) -> TransportError {
        TransportError::Malformed {
            what,
            place: self.place(),
            source,
        }
    }
}

fn has_tag(entry: &Descriptor, tag: &str) -> bool {
    entry
        .annotations
        .get(REF_NAME)
        .is_some_and(|name| name == tag)
}
