//! What came of a push.

use std::sync::Mutex;

use serde::Serialize;

use crate::transport::{Access, Descriptor, Place};

/// Where something is pushed to, and how.
pub(super) struct Destination<'a> {
    /// The place.
    pub(super) place: &'a Place,
    /// The tag, if one is given.
    pub(super) tag: Option<&'a str>,
    /// [`Access::Write`], or [`Access::DryRun`].
    pub(super) access: Access,
}

/// What was pushed, or would be by a dry run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Pushed {
    /// The names that lead to it, in the order in which they were set; the most comprehensive one last.
    pub tags: Vec<PushedTag>,
    /// The number of blobs that it consists of, in all repositories.
    pub blobs: usize,
    /// The number of those whose bytes were moved: the others were there.
    pub moved_blobs: usize,
    /// Bytes that were moved.
    pub moved_bytes: u64,
    /// The number of manifests, indexes and tags that were set: the others were there.
    pub moved_documents: usize,
}

/// A name of something that was pushed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PushedTag {
    /// The name, as others can pull it.
    pub reference: String,
    /// The digest that it leads to.
    pub digest: String,
    /// What it is: `result`, `version`, `release`, `image`.
    pub kind: &'static str,
}

/// Counts while it goes on.
#[derive(Default)]
pub(super) struct Count(Mutex<Pushed>);

impl Count {
    pub(super) fn blob(&self, blob: &Descriptor, is_moved: bool) {
        self.with(|pushed| {
            pushed.blobs += 1;
            if is_moved {
                pushed.moved_blobs += 1;
                pushed.moved_bytes += blob.size;
            }
        });
    }

    pub(super) fn document(&self, is_moved: bool) {
        self.with(|pushed| pushed.moved_documents += usize::from(is_moved));
    }

    pub(super) fn tag(&self, reference: String, digest: String, kind: &'static str) {
        self.with(|pushed| {
            pushed.tags.push(PushedTag {
                reference,
                digest,
                kind,
            });
        });
    }

    pub(super) fn finish(self) -> Pushed {
        self.0.into_inner().unwrap_or_default()
    }

    fn with(&self, change: impl FnOnce(&mut Pushed)) {
        if let Ok(mut pushed) = self.0.lock() {
            change(&mut pushed);
        }
    }
}
