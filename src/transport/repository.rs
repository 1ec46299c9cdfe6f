//! A place of artifacts, whichever it is: the same operations on a registry and on a layout.

use std::path::Path;

use tokio::io::AsyncWrite;

use super::blob::BlobSource;
use super::digest::Digest;
use super::document::{Content, Descriptor, Document, Manifest, Platform};
use super::dry_run::DryRun;
use super::error::TransportError;
use super::layout::Layout;
use super::limits::MOST_ENTRIES;
use super::reference::{ArtifactName, Place};
use super::registry::Registry;

/// A place of artifacts. Nothing that comes from it is trusted for its place: digests and sizes are checked, and only as much is
/// read as was announced.
pub struct Repository<'a> {
    pub(super) place: Place,
    pub(super) kind: Kind<'a>,
    /// Of a dry run, what it would have put there.
    pub(super) dry_run: Option<DryRun>,
}

pub(super) enum Kind<'a> {
    Registry(Box<Registry<'a>>),
    Layout(Layout<'a>),
    /// A layout that a dry run does not make.
    Nothing,
}

impl Repository<'_> {
    /// Which place it is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The manifest or index of that name, whole: it has at most 4 MiB and 4096 entries.
    ///
    /// # Errors
    /// [`TransportError`]; [`TransportError::is_not_found`] if there is none.
    pub async fn document(&self, name: &ArtifactName) -> Result<Document, TransportError> {
        let planned = self.dry_run.as_ref().and_then(|put| put.find(name));
        let document = match (planned, &self.kind) {
            (Some(document), _) => document,
            (None, Kind::Registry(registry)) => registry.document(name).await?,
            (None, Kind::Layout(layout)) => layout.document(name)?,
            (None, Kind::Nothing) => return Err(self.not_found(name.to_string())),
        };
        let entries = match &document.content {
            Content::Manifest(manifest) => manifest.layers.len(),
            Content::Index(index) => index.manifests.len(),
        };
        if entries > MOST_ENTRIES {
            return Err(TransportError::TooMany {
                what: name.to_string(),
                place: self.place.to_string(),
                limit: MOST_ENTRIES,
            });
        }
        Ok(document)
    }

    /// The manifest or index that an entry of an index names.
    ///
    /// # Errors
    /// [`TransportError`], also when it has another size than the entry says.
    pub async fn entry(&self, entry: &Descriptor) -> Result<Document, TransportError> {
        let document = self
            .document(&ArtifactName::Digest(entry.digest.clone()))
            .await?;
        if document.descriptor.size == entry.size {
            return Ok(document);
        }
        Err(TransportError::Size {
            place: self.place.to_string(),
            digest: entry.digest.clone(),
            expected: entry.size,
            found: document.descriptor.size,
        })
    }

    /// The manifest of that name; of an index, that of the platform.
    ///
    /// # Errors
    /// [`TransportError`]; [`TransportError::NoPlatform`] if the index has none for the platform.
    pub async fn manifest_for(
        &self,
        name: &ArtifactName,
        platform: &Platform,
    ) -> Result<(Descriptor, Manifest), TransportError> {
        let mut document = self.document(name).await?;
        if let Content::Index(index) = &document.content {
            let entries = index.manifests.iter();
            let offered: Vec<_> = entries.filter(|entry| entry.platform.is_some()).collect();
            let is_it = |entry: &&&Descriptor| {
                let own = entry.platform.as_ref();
                own.is_some_and(|own| {
                    let same = own.os == platform.os && own.architecture == platform.architecture;
                    same && (platform.variant.is_none() || own.variant == platform.variant)
                })
            };
            let Some(entry) = offered.iter().find(is_it) else {
                let offered = offered.iter().filter_map(|entry| entry.platform.as_ref());
                return Err(TransportError::NoPlatform {
                    reference: self.named(name),
                    wanted: platform.to_string(),
                    offered: offered.map(Platform::to_string).collect(),
                });
            };
            document = self.entry(entry).await?;
        }
        match document.content {
            Content::Manifest(manifest) => Ok((document.descriptor, *manifest)),
            // Of an index within an index nobody says which platform is meant.
            Content::Index(_) => Err(TransportError::NoPlatform {
                reference: self.named(name),
                wanted: platform.to_string(),
                offered: Vec::new(),
            }),
        }
    }

    /// The digest that a name has; `None` if it has none. Of a registry, this is what the registry says.
    ///
    /// # Errors
    /// [`TransportError`].
    pub async fn digest_of(&self, name: &ArtifactName) -> Result<Option<Digest>, TransportError> {
        if let Some(planned) = self.dry_run.as_ref().and_then(|put| put.find(name)) {
            return Ok(Some(planned.descriptor.digest));
        }
        match &self.kind {
            Kind::Registry(registry) => registry.digest_of(name).await,
            Kind::Layout(layout) => layout.digest_of(name),
            Kind::Nothing => Ok(None),
        }
    }

    /// Writes a blob to `out` while it comes: as many bytes as the descriptor says, and an error at the end if they are not
    /// those of its digest. Whoever takes them must not have used them before.
    ///
    /// # Errors
    /// [`TransportError`]; [`TransportError::HandOn`] with the error of `out`.
    pub async fn fetch(
        &self,
        blob: &Descriptor,
        out: &mut (dyn AsyncWrite + Unpin + Send),
    ) -> Result<(), TransportError> {
        match &self.kind {
            Kind::Registry(registry) => registry.fetch(blob, out).await,
            Kind::Layout(layout) => layout.fetch(blob, out).await,
            Kind::Nothing => Err(self.not_found(blob.digest.to_string())),
        }
    }

    /// A blob as a new file, which is whole and checked when this returns; what is there of it otherwise is worth nothing.
    ///
    /// # Errors
    /// [`TransportError`].
    pub async fn fetch_file(&self, blob: &Descriptor, path: &Path) -> Result<(), TransportError> {
        let unwritable = |source| TransportError::Unwritable {
            path: path.to_owned(),
            source,
        };
        let file = tokio::fs::File::create_new(path).await;
        let mut file = file.map_err(unwritable)?;
        match self.fetch(blob, &mut file).await {
            Err(TransportError::HandOn { source, .. }) => return Err(unwritable(source)),
            done => done?,
        }
        file.sync_all().await.map_err(unwritable)
    }

    /// A blob of at most `limit` bytes, whole: the configuration of an image.
    ///
    /// # Errors
    /// [`TransportError`]; [`TransportError::TooLarge`].
    pub async fn fetch_bytes(
        &self,
        blob: &Descriptor,
        limit: u64,
    ) -> Result<Vec<u8>, TransportError> {
        if blob.size > limit {
            return Err(TransportError::TooLarge {
                what: blob.digest.to_string(),
                place: self.place.to_string(),
                limit,
            });
        }
        let mut bytes = Vec::new();
        self.fetch(blob, &mut bytes).await?;
        Ok(bytes)
    }

    /// Puts a blob, unless it is there. `from` is a place that may have it: within one registry it is not sent again then.
    /// Returns whether its bytes were moved.
    ///
    /// # Errors
    /// [`TransportError`].
    pub async fn put(
        &self,
        blob: &Descriptor,
        source: &BlobSource,
        from: Option<&Place>,
    ) -> Result<bool, TransportError> {
        if let Some(put) = &self.dry_run {
            let is_there = match &self.kind {
                Kind::Registry(registry) => registry.has(&blob.digest).await?,
                Kind::Layout(layout) => layout.has(&blob.digest),
                Kind::Nothing => false,
            };
            return Ok(!is_there && put.blob(&blob.digest));
        }
        match &self.kind {
            Kind::Nothing => Ok(false),
            Kind::Layout(layout) => {
                if layout.has(&blob.digest) {
                    return Ok(false);
                }
                layout.put(blob, source).await?;
                Ok(true)
            }
            Kind::Registry(registry) => {
                if registry.has(&blob.digest).await? {
                    registry.tell_pushed(blob, "complete");
                    return Ok(false);
                }
                let from = from.and_then(|from| self.beside(from));
                let is_moved = registry.put(blob, source, from).await?;
                registry.tell_pushed(blob, "complete");
                Ok(is_moved)
            }
        }
    }

    /// The repository of a place in the same registry.
    fn beside<'b>(&self, from: &'b Place) -> Option<&'b str> {
        match (&self.place, from) {
            (Place::Repository(own), Place::Repository(other)) => {
                let is_beside =
                    own.registry == other.registry && own.repository != other.repository;
                is_beside.then_some(other.repository.as_str())
            }
            _ => None,
        }
    }

    /// Puts a document under its digest, and under `tag` if that is not its already. What a manifest is attached to is put down
    /// where it is looked for. Returns whether anything changed.
    ///
    /// # Errors
    /// [`TransportError`].
    pub async fn put_document(
        &self,
        document: &Document,
        tag: Option<&str>,
    ) -> Result<bool, TransportError> {
        let name = match tag {
            Some(tag) => ArtifactName::tag(tag)?,
            None => ArtifactName::Digest(document.descriptor.digest.clone()),
        };
        let subject = match &document.content {
            Content::Manifest(manifest) => manifest.subject.as_ref(),
            Content::Index(_) => None,
        };
        let is_there = self.digest_of(&name).await?.as_ref() == Some(&document.descriptor.digest);
        if let Some(put) = &self.dry_run {
            put.document(document, &name);
            return Ok(!is_there);
        }
        match &self.kind {
            Kind::Nothing => Ok(false),
            Kind::Layout(layout) => {
                // Listed is more than there.
                if !is_there || subject.is_some() {
                    layout.put_document(document, &name).await?;
                }
                Ok(!is_there)
            }
            Kind::Registry(registry) => {
                let mut has_changed = !is_there;
                let keeps_account = !is_there && registry.put_document(document, &name).await?;
                if let Some(subject) = subject
                    && !keeps_account
                {
                    let entries = [document.descriptor.clone()];
                    let known = registry.referrers(&subject.digest).await?;
                    if !known.iter().any(|entry| entry.digest == entries[0].digest) {
                        has_changed |= registry.attach_by_tag(&subject.digest, &entries).await?;
                    }
                }
                Ok(has_changed)
            }
        }
    }

    /// What is attached to an artifact of this place.
    ///
    /// # Errors
    /// [`TransportError`].
    pub async fn referrers(&self, subject: &Digest) -> Result<Vec<Descriptor>, TransportError> {
        match &self.kind {
            Kind::Registry(registry) => registry.referrers(subject).await,
            Kind::Layout(layout) => layout.referrers(subject),
            Kind::Nothing => Ok(Vec::new()),
        }
    }

    fn not_found(&self, what: String) -> TransportError {
        TransportError::NotFound {
            what,
            place: self.place.to_string(),
        }
    }

    /// A name in this place, whole.
    pub fn named(&self, name: &ArtifactName) -> String {
        match name {
            ArtifactName::Tag(tag) => format!("{}:{tag}", self.place),
            ArtifactName::Digest(digest) => format!("{}@{digest}", self.place),
        }
    }
}
