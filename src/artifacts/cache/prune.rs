//! Keeps the cache within its limits.

use std::fs;
use std::io;
use std::time::{Duration, SystemTime};

use super::list::{ListedResult, is_unfinished};
use super::results::{Removal, Results};

/// The limits of the cache.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits<'a> {
    /// The maximum size of all entries together, in bytes; the longest unused are removed first.
    pub size: Option<u64>,
    /// The maximum time without being used.
    pub unused: Option<Duration>,
    /// Only entries of this recipe are considered; damaged entries, whose recipe is unknown, are not.
    pub recipe: Option<&'a str>,
    /// The content key whose lock the caller holds.
    pub own: Option<&'a str>,
}

/// What was removed.
#[derive(Debug, Default)]
pub struct Pruned {
    /// The removed entries.
    pub removed: Vec<ListedResult>,
    /// Entries that were not removed because a running build uses them.
    pub in_use: Vec<ListedResult>,
    /// Entries that could not be removed, and why.
    pub failed: Vec<(ListedResult, io::Error)>,
}

impl Results {
    /// Removes entries beyond the limits, and unfinished entries of dead runs that are older than a day. Entries that a
    /// running build uses stay.
    ///
    /// # Errors
    /// The system's error for the cache's directory.
    pub fn prune(&self, limits: Limits<'_>, now: SystemTime) -> io::Result<Pruned> {
        self.remove_unfinished(now);
        self.go_through(limits, now, |entry| {
            if limits.own == Some(&entry.key) {
                self.discard(&entry.key).map(|()| Removal::Done)
            } else {
                self.discard_unless_in_use(&entry.key)
            }
        })
    }

    /// What [`Results::prune`] would remove. Removes nothing.
    ///
    /// # Errors
    /// The system's error for the cache's directory.
    pub fn would_prune(&self, limits: Limits<'_>, now: SystemTime) -> io::Result<Pruned> {
        self.go_through(limits, now, |entry| {
            Ok(if self.is_in_use(&entry.key) {
                Removal::InUse
            } else {
                Removal::Done
            })
        })
    }

    fn go_through(
        &self,
        limits: Limits<'_>,
        now: SystemTime,
        remove: impl Fn(&ListedResult) -> io::Result<Removal>,
    ) -> io::Result<Pruned> {
        let mut entries = self.list()?.entries;
        if let Some(recipe) = limits.recipe {
            entries.retain(|listed| {
                let entry = listed.entry.as_ref();
                entry.is_ok_and(|entry| entry.recipe == recipe)
            });
        }
        let mut total: u64 = entries.iter().map(|entry| entry.size).sum();
        let mut pruned = Pruned::default();
        for entry in entries {
            let age = now.duration_since(entry.used).unwrap_or_default();
            let too_old = limits.unused.is_some_and(|limit| age > limit);
            // A limit of 0 also removes empty entries.
            let too_much = limits.size.is_some_and(|limit| total > limit || limit == 0);
            if !too_old && !too_much {
                continue;
            }
            match remove(&entry) {
                Ok(Removal::Done) => {
                    total -= entry.size;
                    pruned.removed.push(entry);
                }
                Ok(Removal::InUse) => pruned.in_use.push(entry),
                Err(error) => pruned.failed.push((entry, error)),
            }
        }
        Ok(pruned)
    }

    fn remove_unfinished(&self, now: SystemTime) {
        const DAY: Duration = Duration::from_hours(24);
        for folder in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let unfinished = is_unfinished(&folder.file_name().to_string_lossy());
            let modified = folder.metadata().and_then(|metadata| metadata.modified());
            let age = modified.map(|time| now.duration_since(time).unwrap_or_default());
            if unfinished && age.is_ok_and(|age| age > DAY) {
                let _ = fs::remove_dir_all(folder.path());
            }
        }
    }
}
