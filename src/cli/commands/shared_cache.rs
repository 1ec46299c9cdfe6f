//! The shared caches that the command line and the configuration name.

use std::path::Path;
use std::sync::Arc;

use super::transfer::transport;
use crate::attestation::{SigningKey, VerifyingKey};
use crate::cli::args::CacheArguments;
use crate::cli::invocation::Invocation;
use crate::delivery::shared_cache::{SharedCache, SharedCacheSettings, UnusableCache};
use crate::failure::Failure;
use crate::transport::CacheReference;

/// What a command does with results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// It makes them.
    Makes,
    /// It makes none: nothing is put anywhere.
    MakesNone,
}

/// The shared caches; `None` where there are none.
pub(super) fn shared_cache(
    invocation: &Invocation<'_>,
    arguments: &CacheArguments,
    sign_key: Option<&Path>,
    work: Work,
) -> Result<Option<SharedCache>, Failure> {
    let configuration = &invocation.workspace.configuration;
    let of_both = |told: &[CacheReference], configured: &[CacheReference]| {
        let both = told.iter().chain(configured);
        let reached = both.filter(|cache| !arguments.offline || cache.is_layout());
        reached.cloned().collect::<Vec<_>>()
    };
    let from = of_both(&arguments.cache_from, &configuration.cache_from);
    let to = match work {
        Work::Makes => of_both(&arguments.cache_to, &configuration.cache_to),
        Work::MakesNone => Vec::new(),
    };
    if from.is_empty() && to.is_empty() {
        return Ok(None);
    }
    let keys = arguments.cache_key.iter().chain(&configuration.cache_keys);
    let keys = keys
        .map(|path| VerifyingKey::read(path))
        .collect::<Result<_, _>>();
    let signing = sign_key.filter(|_| !to.is_empty()).map(SigningKey::read);
    let signing = signing.transpose().map_err(UnusableCache::from)?;
    let settings = SharedCacheSettings {
        from,
        to,
        keys: keys.map_err(UnusableCache::from)?,
        signing: signing.map(Arc::new),
        transport: transport(invocation, None),
    };
    Ok(Some(SharedCache::new(settings)?))
}
