//! The shared caches of a run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::entry::SharedEntry;
use super::error::{SharedCacheError, UnusableCache};
use super::place::CachePlace;
use super::statement::{Statement, verify_statement};
use crate::attestation::{SigningKey, VerifyingKey};
use crate::events::Sink;
use crate::plan::ImageContent;
use crate::transport::{
    ArtifactName, CacheReference, Content, Patience, Transport, TransportError,
};

/// Largest signed statement in bytes; one of a result with ten files has three thousand.
const LARGEST: u64 = 1 << 20;
/// The slowest transfer that is waited for, in bytes a second.
const SLOWEST: u64 = 32 << 10;
/// Hexadecimal digits of a key's id in a tag.
const DIGITS: usize = 32;

/// Which caches are shared, and whom they are shared with.
#[derive(Default)]
pub struct SharedCacheSettings {
    /// Where results are taken from, in this order.
    pub from: Vec<CacheReference>,
    /// Where results are put.
    pub to: Vec<CacheReference>,
    /// Keys one of which must have signed what is taken.
    pub keys: Vec<VerifyingKey>,
    /// Key that signs what is put.
    pub signing: Option<Arc<SigningKey>>,
    /// How registries are reached.
    pub transport: Transport,
}

/// The shared caches of a run. What fails is told in one line and never ends a build.
pub struct SharedCache {
    pub(super) from: Vec<CachePlace>,
    pub(super) to: Vec<CachePlace>,
    pub(super) keys: Vec<VerifyingKey>,
    pub(super) signing: Option<Arc<SigningKey>>,
    transport: Transport,
    pub(super) known: Mutex<Known>,
}

/// What was found so far.
#[derive(Default)]
pub(super) struct Known {
    pub(super) results: BTreeMap<String, SharedEntry>,
    /// Tags of entries that cannot be used, by place.
    pub(super) refused: BTreeSet<(String, String)>,
    pub(super) images: BTreeMap<String, Option<ImageContent>>,
    /// What this run has put there already.
    pub(super) put_images: BTreeMap<String, ImageContent>,
}

impl SharedCache {
    /// The caches with these settings; nothing is connected yet.
    ///
    /// # Errors
    /// [`UnusableCache`]: results are taken only when signed by a known key, and put only when signed.
    pub fn new(settings: SharedCacheSettings) -> Result<Self, UnusableCache> {
        let SharedCacheSettings {
            from,
            to,
            keys,
            signing,
            mut transport,
        } = settings;
        if let (Some(first), true) = (from.first(), keys.is_empty()) {
            let place = first.to_string();
            return Err(UnusableCache::NoKey { place });
        }
        if let (Some(first), None) = (to.first(), &signing) {
            let place = first.to_string();
            return Err(UnusableCache::NoSigningKey { place });
        }
        // A build is waiting, and does not need it.
        transport.patience = Patience {
            attempts: 3,
            longest_pause: Duration::from_secs(1),
            longest_asked: Duration::from_secs(5),
            ..transport.patience
        };
        let from = from.iter();
        let from: Vec<_> = from.map(|one| CachePlace::to_read(one.place())).collect();
        let to = to.iter();
        let to = to.map(|one| CachePlace::to_write(one.place(), &from));
        Ok(Self {
            to: to.collect(),
            from,
            keys,
            signing,
            transport,
            known: Mutex::default(),
        })
    }

    /// Whether results are put anywhere.
    pub fn is_written(&self) -> bool {
        !self.to.is_empty()
    }

    /// The names of the places that results are put into.
    pub fn written_places(&self) -> String {
        let names: Vec<_> = self.to.iter().map(CachePlace::name).collect();
        names.join(", ")
    }

    /// The place, and its repository where there is one.
    pub(super) async fn open<'a>(
        &self,
        place: &'a CachePlace,
        told: &dyn Sink,
    ) -> Result<Option<&'a crate::transport::Repository<'static>>, TransportError> {
        place.open(&self.transport, told).await
    }

    /// What `work` comes to, which moves so many bytes. What moves a byte now and then does not stall, and could go on for ever.
    pub(super) async fn in_time<T>(
        &self,
        bytes: u64,
        work: impl Future<Output = Result<T, SharedCacheError>>,
    ) -> Result<T, SharedCacheError> {
        let limit = self.transport.patience.stall * 2 + Duration::from_secs(bytes / SLOWEST);
        let done = tokio::time::timeout(limit, work).await;
        done.unwrap_or(Err(SharedCacheError::TooSlow { limit }))
    }

    /// The statement of that subject under that name, signed by `signer`; `None` if there is none.
    pub(super) async fn statement<T: Statement>(
        &self,
        place: &CachePlace,
        names: (&str, &str),
        signer: &VerifyingKey,
        told: &dyn Sink,
    ) -> Result<Option<T>, SharedCacheError> {
        let looking = self.look_for_statement(place, names, signer, told);
        self.in_time(0, looking).await
    }

    async fn look_for_statement<T: Statement>(
        &self,
        place: &CachePlace,
        (name, subject): (&str, &str),
        signer: &VerifyingKey,
        told: &dyn Sink,
    ) -> Result<Option<T>, SharedCacheError> {
        let Some(at) = self.open(place, told).await? else {
            return Ok(None);
        };
        let tag = tag_of(name, signer);
        let document = match at.document(&ArtifactName::Tag(tag.clone())).await {
            Err(error) if error.is_not_found() => return Ok(None),
            document => document?,
        };
        let layer = match document.content {
            Content::Manifest(manifest) => manifest.layers.into_iter().next(),
            Content::Index(_) => None,
        };
        let layer = layer.ok_or(SharedCacheError::NoStatement { tag })?;
        let envelope = at.fetch_bytes(&layer, LARGEST).await?;
        verify_statement(&envelope, signer, subject).map(Some)
    }
}

/// The tag of what a key signed.
pub(super) fn tag_of(name: &str, signer: &VerifyingKey) -> String {
    format!("{name}-{}", &signer.id()[..DIGITS])
}
