//! Opens one bundle.

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::blob::BlobReader;
use super::document::{BUNDLE_TYPE, BundleDocument, DOCUMENT_TYPE, FORMAT};
use super::entries::{Entries, INDEX, MARK, Span};
use super::error::BundleError;
use super::parts::Parts;
use crate::transport::{Descriptor, Digest, Index, Manifest};

/// Largest document in bytes.
const LARGEST_DOCUMENT: u64 = 4 << 20;
/// The version of layouts.
const LAYOUT_VERSION: &str = "1.0.0";

/// One bundle: what it says, and where its blobs are.
#[derive(Debug)]
pub(super) struct Bundle {
    parts: Arc<Parts>,
    entries: Entries,
    /// Digest of its manifest, which everything else follows from.
    pub(super) digest: Digest,
    pub(super) document: BundleDocument,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mark {
    image_layout_version: String,
}

impl Bundle {
    /// The bundle at a path, which may be that of its first part.
    pub(super) fn open(path: &Path) -> Result<Self, BundleError> {
        let parts = Arc::new(Parts::open(path)?);
        let entries = Entries::read(&parts)?;
        let not_one = |reason: String| BundleError::NotABundle {
            path: path.to_owned(),
            reason,
        };
        let reading = Reading {
            parts: &parts,
            entries: &entries,
        };
        let mark: Mark = reading.parsed(MARK, &reading.span(MARK, entries.mark)?)?;
        if mark.image_layout_version != LAYOUT_VERSION {
            return Err(not_one(format!("its {MARK} has another version")));
        }
        let index: Index = reading.parsed(INDEX, &reading.span(INDEX, entries.index)?)?;
        let is_one = |entry: &&Descriptor| entry.artifact_type.as_deref() == Some(BUNDLE_TYPE);
        let mut manifests = index.manifests.iter().filter(is_one);
        let (Some(entry), None) = (manifests.next(), manifests.next()) else {
            return Err(not_one("its index does not name one bundle".to_owned()));
        };
        let manifest: Manifest = reading.parsed("the manifest", &reading.document(entry)?)?;
        let config = &manifest.config;
        if config.media_type != DOCUMENT_TYPE {
            let found = format!("its configuration is of the type {:?}", config.media_type);
            return Err(not_one(found));
        }
        let document: BundleDocument =
            reading.parsed("the configuration", &reading.document(config)?)?;
        if document.format != FORMAT {
            return Err(BundleError::Format {
                path: path.to_owned(),
                found: document.format,
                known: FORMAT,
            });
        }
        Ok(Self {
            digest: entry.digest.clone(),
            parts,
            entries,
            document,
        })
    }

    pub(super) fn path(&self) -> &Path {
        self.parts.path()
    }

    pub(super) fn has(&self, digest: &Digest) -> bool {
        self.entries.blobs.contains_key(digest)
    }

    /// A blob, if it is in this one.
    pub(super) fn blob(&self, blob: &Descriptor) -> Result<Option<BlobReader>, BundleError> {
        let Some(span) = self.entries.blobs.get(&blob.digest) else {
            return Ok(None);
        };
        if span.length != blob.size {
            return Err(BundleError::Size {
                path: self.path().to_owned(),
                digest: blob.digest.clone(),
                expected: blob.size,
                found: span.length,
            });
        }
        Ok(Some(BlobReader::new(&self.parts, *span, &blob.digest)))
    }
}

/// A bundle whose documents are being read.
struct Reading<'a> {
    parts: &'a Arc<Parts>,
    entries: &'a Entries,
}

impl Reading<'_> {
    /// A file of the layout that has no digest.
    fn span(&self, what: &str, span: Span) -> Result<Vec<u8>, BundleError> {
        self.bounded(what, span.length)?;
        let (mut bytes, mut filled) = (vec![0; usize::try_from(span.length).unwrap_or(0)], 0);
        while filled < bytes.len() {
            let offset = span.offset + filled as u64;
            match self.parts.read_at(&mut bytes[filled..], offset)? {
                0 => {
                    let path = self.parts.place(offset).0.to_owned();
                    return Err(BundleError::Truncated { path });
                }
                read => filled += read,
            }
        }
        Ok(bytes)
    }

    fn document(&self, blob: &Descriptor) -> Result<Vec<u8>, BundleError> {
        self.bounded(&blob.digest.to_string(), blob.size)?;
        let span = self.entries.blobs.get(&blob.digest);
        let span = span.ok_or_else(|| BundleError::NoBlob {
            path: self.parts.path().to_owned(),
            digest: blob.digest.clone(),
        })?;
        if span.length != blob.size {
            return Err(BundleError::Size {
                path: self.parts.path().to_owned(),
                digest: blob.digest.clone(),
                expected: blob.size,
                found: span.length,
            });
        }
        BlobReader::new(self.parts, *span, &blob.digest).bytes()
    }

    fn bounded(&self, what: &str, size: u64) -> Result<(), BundleError> {
        if size <= LARGEST_DOCUMENT {
            return Ok(());
        }
        Err(BundleError::TooLarge {
            path: self.parts.path().to_owned(),
            what: what.to_owned(),
            limit: LARGEST_DOCUMENT,
        })
    }

    fn parsed<T: DeserializeOwned>(&self, what: &str, text: &[u8]) -> Result<T, BundleError> {
        serde_json::from_slice(text).map_err(|source| BundleError::Malformed {
            path: self.parts.path().to_owned(),
            what: what.to_owned(),
            source,
        })
    }
}
