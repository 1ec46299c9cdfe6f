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

#[cfg(test)]
mod tests {
    use super::{Limits, Pruned, Results};
    use crate::artifacts::cache::{ENTRY_FORMAT, Entry};
    use std::fs::{self, File};
    use std::path::Path;
    use std::time::{Duration, SystemTime};

    /// The key that begins with a letter.
    fn key(letter: &str) -> String {
        letter.repeat(64)
    }

    fn entry(key: &str) -> Entry {
        Entry {
            format: ENTRY_FORMAT,
            key: key.to_owned(),
            recipe: if *key == self::key("c") {
                "kubelet"
            } else {
                "runc"
            }
            .to_owned(),
            version: "v1.0.0-rc10".to_owned(),
            platform: "linux-amd64".to_owned(),
            files: Vec::new(),
        }
    }

    /// A cache with the entries a, b and c of 1000 bytes and their lists, last used three, two and one hours ago.
    fn three(root: &Path) -> (Results, SystemTime) {
        let results = Results::new(root.join("results"), root.join("locks"));
        let now = SystemTime::now();
        let made = root.join("made");
        fs::create_dir(&made).expect("a folder");
        for (hours, letter) in [(3, "a"), (2, "b"), (1, "c")] {
            fs::write(made.join("runc"), vec![7; 1000]).expect("a result");
            let (key, names) = (key(letter), ["runc".to_owned()]);
            results
                .store(entry(&key), &made, &names, "1")
                .expect("stored");
            fs::remove_file(made.join("runc")).expect("removed");
            let list = File::options()
                .append(true)
                .open(results.entry_folder(&key).join("entry.json"))
                .expect("a list");
            list.set_modified(now - Duration::from_hours(hours))
                .expect("a time");
        }
        (results, now)
    }

    /// Letters of the keys.
    fn letters(results: &Results) -> String {
        let listed = results.list().expect("listed").entries;
        listed.iter().map(|entry| &entry.key[..1]).collect()
    }

    fn removed(pruned: &Pruned) -> String {
        let removed = pruned.removed.iter();
        removed.map(|entry| &entry.key[..1]).collect()
    }

    fn of_size(size: u64) -> Limits<'static> {
        Limits {
            size: Some(size),
            ..Limits::default()
        }
    }

    #[test]
    fn the_longest_unused_go_first() {
        let root = tempfile::tempdir().expect("a folder");
        let (results, now) = three(root.path());
        results.note_use(&key("a"));
        let one = results.list().expect("listed").entries[0].size;
        let would = results
            .would_prune(of_size(one * 2 + 100), now)
            .expect("listed");
        assert_eq!(
            (removed(&would), letters(&results)),
            ("b".into(), "bca".into())
        );
        let pruned = results.prune(of_size(one * 2 + 100), now).expect("pruned");
        assert_eq!(
            (removed(&pruned), letters(&results)),
            ("b".into(), "ca".into())
        );
        let limits = Limits {
            unused: Some(Duration::from_mins(30)),
            ..Limits::default()
        };
        results.prune(limits, now).expect("pruned");
        assert_eq!(letters(&results), "a");
    }

    #[test]
    fn what_a_run_works_with_stays_and_the_next_goes() {
        let root = tempfile::tempdir().expect("a folder");
        let (results, now) = three(root.path());
        let one = results.list().expect("listed").entries[0].size;
        let held = results.hold(&key("a")).expect("a lock");
        let pruned = results.prune(of_size(one * 2 + 100), now).expect("pruned");
        assert_eq!(removed(&pruned), "b");
        assert_eq!(pruned.in_use[0].key, key("a"));
        drop(held);
        let held = results.hold(&key("a"));
        let limits = Limits {
            own: Some(&key("a")),
            ..of_size(one + 100)
        };
        assert_eq!(removed(&results.prune(limits, now).expect("pruned")), "a");
        drop(held);
        assert_eq!(
            removed(&results.prune(of_size(0), now).expect("pruned")),
            "c"
        );
    }

    #[test]
    fn only_what_is_of_the_recipe_goes() {
        let root = tempfile::tempdir().expect("a folder");
        let (results, now) = three(root.path());
        let limits = Limits {
            recipe: Some("runc"),
            ..of_size(0)
        };
        assert_eq!(removed(&results.prune(limits, now).expect("pruned")), "ab");
        assert_eq!(letters(&results), "c");
    }

    #[test]
    fn room_is_made_by_files_that_are_nowhere_else() {
        let root = tempfile::tempdir().expect("a folder");
        let (results, _) = three(root.path());
        let file = results.entry_folder(&key("a")).join("runc");
        fs::hard_link(&file, root.path().join("published")).expect("a second name");
        let listed = results.list().expect("listed").entries;
        assert_eq!(listed[0].size - listed[0].room, 1000);
        assert_eq!(listed[1].size, listed[1].room);
    }

    #[test]
    fn what_is_none_of_the_tools_is_named_and_stays() {
        let root = tempfile::tempdir().expect("a folder");
        let (results, now) = three(root.path());
        let folder = root.path().join("results");
        fs::write(folder.join("notes.txt"), "mine").expect("written");
        fs::write(folder.join(key("d")), "no folder").expect("written");
        fs::create_dir(folder.join(".x.partial-1")).expect("made");
        fs::create_dir(folder.join("photos")).expect("made");
        fs::create_dir(folder.join(key("e"))).expect("made");
        let listing = results.list().expect("listed");
        let names: Vec<_> = listing
            .foreign
            .iter()
            .filter_map(|foreign| foreign.file.file_name()?.to_str())
            .collect();
        assert_eq!(names, [&key("d"), "notes.txt", "photos"]);
        let damaged = listing.entries.iter().find(|listed| listed.entry.is_err());
        assert_eq!(damaged.expect("one without a list").key, key("e"));
        results.prune(of_size(0), now).expect("pruned");
        assert_eq!(letters(&results), "");
        assert_eq!(results.list().expect("listed").foreign.len(), 3);
        assert!(folder.join("photos").exists());
    }

    #[test]
    fn a_changed_file_is_named() {
        let root = tempfile::tempdir().expect("a folder");
        let (results, _) = three(root.path());
        let whole = results.look_up(&key("a")).expect("usable").expect("there");
        results.check(&whole).expect("whole");
        let file = results.entry_folder(&key("a")).join("runc");
        fs::write(&file, vec![8; 1000]).expect("written");
        let damage = results.check(&whole).expect_err("damaged");
        assert_eq!(damage.file, file);
        fs::write(results.entry_folder(&key("b")).join("entry.json"), "{").expect("written");
        results.look_up(&key("b")).expect_err("damaged");
    }
}
