//! Puts results into shared caches.

use std::path::Path;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::cache::{SharedCache, tag_of};
use super::error::SharedCacheError;
use super::find::descriptor;
use super::place::CachePlace;
use super::statement::{SharedResult, Statement, sign_statement};
use crate::attestation::SigningKey;
use crate::events::{Note, Sink, Warning};
use crate::failure::with_causes;
use crate::inside::inside;
use crate::transport::{
    BlobSource, Descriptor, Document, EMPTY, EMPTY_TYPE, Manifest, Repository, TITLE,
};

/// Type of an artifact of a shared cache.
const CACHED: &str = "application/vnd.kmembuild.cached.v1";
/// Media type of its first layer.
const ENVELOPE_TYPE: &str = "application/vnd.dsse.envelope.v1+json";
/// File name of its first layer.
const ENVELOPE_NAME: &str = "cached.dsse.json";
/// How many files are put at the same time.
const AT_A_TIME: usize = 4;

impl SharedCache {
    /// The places that have no result of a content key that this key, or one that the user named, has signed: by their numbers.
    pub async fn lacking(&self, key: &str, sink: &dyn Sink) -> Vec<usize> {
        let subject = format!("result {key}");
        let mut lacking = Vec::new();
        let own = self.signing.as_ref().map(|signing| signing.public());
        for (index, place) in self.to.iter().enumerate() {
            let mut has = false;
            for signer in own.iter().chain(&self.keys) {
                if place.is_given_up() {
                    break;
                }
                match self
                    .statement::<SharedResult>(place, (key, &subject), signer, sink)
                    .await
                {
                    Ok(found) => has |= found.is_some(),
                    Err(error) if !error.is_of_the_entry() => place.give_up(&error, sink),
                    // What is there under this name is replaced.
                    Err(_) => {}
                }
                if has {
                    break;
                }
            }
            if !has && !place.is_given_up() {
                lacking.push(index);
            }
        }
        lacking
    }

    /// All places, by their numbers.
    pub fn all(&self) -> Vec<usize> {
        (0..self.to.len()).collect()
    }

    /// Signs a result, whose files are in `folder`, and puts it into these places. Its name is set last, when everything that it
    /// leads to is there. Whatever fails is told.
    pub async fn push(&self, to: &[usize], result: &SharedResult, folder: &Path, sink: &dyn Sink) {
        for place in to.iter().filter_map(|index| self.to.get(*index)) {
            let pushing = self.push_to(place, result, folder, sink);
            match self.in_time(result.size(), pushing).await {
                Ok(true) => sink.event(&Note::ToShared(place.name()).into()),
                Ok(false) => {}
                Err(error) => not_shared(place, &error, sink),
            }
        }
    }

    async fn push_to(
        &self,
        place: &CachePlace,
        result: &SharedResult,
        folder: &Path,
        sink: &dyn Sink,
    ) -> Result<bool, SharedCacheError> {
        let Some(signing) = self.signing.as_deref().filter(|_| !place.is_given_up()) else {
            return Ok(false);
        };
        let Some(at) = self.open(place, sink).await? else {
            return Ok(false);
        };
        let layers = result.files.iter().map(|file| {
            let path = inside(folder, &file.name).map_err(|_| SharedCacheError::Value {
                problem: format!("the file name {:?}", file.name),
            })?;
            let layer = descriptor(file)?.annotated(TITLE, file.name.clone());
            Ok((layer, path))
        });
        let layers = layers.collect::<Result<Vec<_>, SharedCacheError>>()?;
        let puts: Vec<_> = layers
            .iter()
            .map(|(layer, path)| async move {
                let source = BlobSource::File(path.clone());
                at.put(layer, &source, None).await.map(drop)
            })
            .collect();
        stream::iter(puts)
            .buffer_unordered(AT_A_TIME)
            .try_collect::<()>()
            .await?;
        let layers = layers.into_iter().map(|(layer, _)| layer);
        put_statement(at, &result.key, result, layers.collect(), signing).await?;
        Ok(true)
    }

    /// Puts a statement without files into a place.
    pub(super) async fn push_statement<T: Statement>(
        &self,
        place: &CachePlace,
        name: &str,
        statement: &T,
        sink: &dyn Sink,
    ) {
        let Some(signing) = self.signing.as_deref() else {
            return;
        };
        let putting = async {
            if let Some(at) = self.open(place, sink).await? {
                put_statement(at, name, statement, Vec::new(), signing).await?;
            }
            Ok(())
        };
        if let Err(error) = self.in_time(0, putting).await {
            not_shared(place, &error, sink);
        }
    }
}

/// Puts a signed statement with the files that it names, which are there already.
async fn put_statement<T: Statement>(
    at: &Repository<'static>,
    name: &str,
    statement: &T,
    files: Vec<Descriptor>,
    signing: &SigningKey,
) -> Result<(), SharedCacheError> {
    let envelope = sign_statement(statement, signing);
    let layer = Descriptor::of(ENVELOPE_TYPE, envelope.as_bytes()).annotated(TITLE, ENVELOPE_NAME);
    let empty = Descriptor::of(EMPTY_TYPE, EMPTY);
    let blobs = [
        (&layer, Bytes::from(envelope)),
        (&empty, Bytes::from_static(EMPTY)),
    ];
    for (blob, bytes) in blobs {
        at.put(blob, &BlobSource::Bytes(bytes), None).await?;
    }
    let layers = [layer].into_iter().chain(files).collect();
    let document: Document = Manifest::of_artifact(CACHED, layers).into();
    let tag = tag_of(name, &signing.public());
    at.put_document(&document, Some(&tag)).await?;
    Ok(())
}

fn not_shared(place: &CachePlace, error: &SharedCacheError, sink: &dyn Sink) {
    if error.is_of_the_entry() {
        let warning = Warning::NotShared(place.name(), with_causes(error));
        sink.event(&warning.into());
    } else {
        place.give_up(error, sink);
    }
}
