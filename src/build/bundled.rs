//! Sources out of a bundle.

use std::collections::BTreeMap;
use std::io;

use super::error::BuildError;
use crate::bundle::Bundles;
use crate::lockfile::Lockfile;
use crate::recipe::Name;
use crate::source::{Pinned, Served, Store};

/// Takes a commit that the lock file has out of the bundle. Where it came from once, the lock file says.
pub(super) fn take_bundled(
    store: &Store,
    bundle: &Bundles,
    lockfile: &Lockfile,
    recipe: &Name,
    wanted: &str,
) -> Result<Served, BuildError> {
    let locked = lockfile.sources.get(recipe.as_str()).into_iter().flatten();
    let pinned: BTreeMap<_, _> = locked
        .map(|(version, source)| {
            let pinned = Pinned {
                commit: source.commit.clone(),
                tree: source.tree.clone(),
                urls: source.urls.clone(),
            };
            (version.clone(), pinned)
        })
        .collect();
    let served = store.take_pinned(wanted, &pinned, |commit| {
        let source = bundle.source(recipe.as_str(), commit);
        let pack = source.and_then(|source| bundle.blob(&source.pack));
        pack.map_err(io::Error::other)
    });
    Ok(served?)
}
