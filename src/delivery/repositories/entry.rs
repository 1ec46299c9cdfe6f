//! A package as a repository lists it.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

/// A package in a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its name.
    pub(super) name: String,
    /// Its architecture, in the package manager's terms.
    pub(super) arch: String,
    /// Its version, in the package manager's form.
    pub(super) version: String,
    /// Sha256 of the file.
    pub(super) sha256: String,
    /// Size of the file in bytes.
    pub(super) size: u64,
    /// Path of the file, relative to the root of the repository.
    pub(super) path: String,
    /// The time of the package, in seconds since 1970; its file has the same.
    pub(super) time: u32,
    /// What the metadata say of it: for yum three pieces of XML, for apt a stanza.
    pub(super) texts: Vec<String>,
}

/// The packages of a repository, sorted: `earlier` without what `new` replaces, and the newest `keep` of each name and
/// architecture.
pub(super) fn select(
    earlier: Vec<Entry>,
    new: Vec<Entry>,
    keep: Option<NonZeroU32>,
    order: fn(&str, &str) -> Ordering,
) -> Vec<Entry> {
    let mut of_package = BTreeMap::<(String, String), Vec<Entry>>::new();
    let mut known = BTreeSet::new();
    // What is made again has another content and the same version.
    for entry in new.into_iter().chain(earlier) {
        let (package, version) = (
            (entry.name.clone(), entry.arch.clone()),
            entry.version.clone(),
        );
        if known.insert((package.clone(), version)) {
            of_package.entry(package).or_default().push(entry);
        }
    }
    let most = keep.map_or(usize::MAX, |keep| {
        usize::try_from(keep.get()).unwrap_or(usize::MAX)
    });
    let kept = of_package.into_values().flat_map(|mut entries| {
        entries.sort_by(|a, b| order(&b.version, &a.version));
        entries.truncate(most);
        entries.reverse();
        entries
    });
    kept.collect()
}
