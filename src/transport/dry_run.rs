//! What a dry run would have put into a place.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use super::digest::Digest;
use super::document::Document;
use super::reference::ArtifactName;

/// What would be in a place beside what is in it, so that whoever puts something finds it there later, as after a real run.
#[derive(Default)]
pub(super) struct DryRun(Mutex<Put>);

#[derive(Default)]
struct Put {
    blobs: BTreeSet<Digest>,
    documents: BTreeMap<Digest, Document>,
    tags: BTreeMap<String, Digest>,
}

impl DryRun {
    /// Notes a blob; returns whether it was not noted before.
    pub(super) fn blob(&self, digest: &Digest) -> bool {
        self.with(|put| put.blobs.insert(digest.clone()))
    }

    /// Notes a document under a name.
    pub(super) fn document(&self, document: &Document, name: &ArtifactName) {
        let digest = &document.descriptor.digest;
        self.with(|put| {
            put.documents.insert(digest.clone(), document.clone());
            if let ArtifactName::Tag(tag) = name {
                put.tags.insert(tag.clone(), digest.clone());
            }
        });
    }

    /// What was noted under a name.
    pub(super) fn find(&self, name: &ArtifactName) -> Option<Document> {
        self.with(|put| {
            let digest = match name {
                ArtifactName::Tag(tag) => put.tags.get(tag)?,
                ArtifactName::Digest(digest) => digest,
            };
            put.documents.get(digest).cloned()
        })
    }

    fn with<T>(&self, look: impl FnOnce(&mut Put) -> T) -> T {
        // Nothing that holds it panics.
        let mut put = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        look(&mut put)
    }
}
