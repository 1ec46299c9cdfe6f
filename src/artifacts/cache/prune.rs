//! Keeps the cache within its limits.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::entry::{ENTRY, Entry};
use super::results::{Damage, Results};

/// What may stay in the cache.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// Most bytes of all entries together; the longest unused go first.
    pub size: Option<u64>,
    /// Longest time without being used.
    pub unused: Option<Duration>,
}

/// An entry, and when it was last used.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Name of its folder, the content key.
    pub key: String,
    /// What it says of itself.
    pub entry: Result<Entry, Damage>,
    /// Bytes that it takes.
    pub size: u64,
    /// When it was last used.
    pub used: SystemTime,
}

/// What was removed.
#[derive(Debug, Default)]
pub struct Pruned {
    /// Content keys and sizes of the removed entries.
    pub removed: Vec<(String, u64)>,
    /// Content keys of what could not be removed, and why.
    pub failed: Vec<(String, io::Error)>,
}

impl Results {
    /// All entries, the longest unused first. What an unfinished run left is not among them.
    ///
    /// # Errors
    /// What the system says of the cache's folder.
    pub fn list(&self) -> io::Result<Vec<Listed>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut listed = Vec::new();
        for folder in entries.flatten() {
            let key = folder.file_name().to_string_lossy().into_owned();
            if key.starts_with('.') || !folder.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            let entry = match self.look_up(&key) {
                Ok(Some(entry)) => Ok(entry),
                Ok(None) => Err(Damage {
                    file: folder.path(),
                    reason: "it has no list of its files".to_owned(),
                }),
                Err(damage) => Err(damage),
            };
            let used = fs::metadata(folder.path().join(ENTRY))
                .or_else(|_| folder.metadata())
                .and_then(|metadata| metadata.modified())
                .unwrap_or(SystemTime::UNIX_EPOCH);
            listed.push(Listed {
                key,
                entry,
                size: size_of(&folder.path()),
                used,
            });
        }
        listed.sort_by(|a, b| a.used.cmp(&b.used).then_with(|| a.key.cmp(&b.key)));
        Ok(listed)
    }

    /// Removes what the limits do not allow, and what dead runs left unfinished a day ago or longer.
    ///
    /// # Errors
    /// What the system says of the cache's folder.
    pub fn prune(&self, limits: Limits, now: SystemTime) -> io::Result<Pruned> {
        self.remove_unfinished(now);
        let listed = self.list()?;
        let mut total: u64 = listed.iter().map(|entry| entry.size).sum();
        let mut pruned = Pruned::default();
        for entry in listed {
            let age = now.duration_since(entry.used).unwrap_or_default();
            let too_old = limits.unused.is_some_and(|limit| age > limit);
            let too_much = limits.size.is_some_and(|limit| total > limit);
            if !too_old && !too_much {
                continue;
            }
            match self.discard(&entry.key) {
                Ok(()) => {
                    total -= entry.size;
                    pruned.removed.push((entry.key, entry.size));
                }
                Err(error) => pruned.failed.push((entry.key, error)),
            }
        }
        Ok(pruned)
    }

    fn remove_unfinished(&self, now: SystemTime) {
        const DAY: Duration = Duration::from_hours(24);
        for folder in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let unfinished = folder.file_name().to_string_lossy().contains(".partial-");
            let modified = folder.metadata().and_then(|metadata| metadata.modified());
            let age = modified.map(|time| now.duration_since(time).unwrap_or_default());
            if unfinished && age.is_ok_and(|age| age > DAY) {
                let _ = fs::remove_dir_all(folder.path());
            }
        }
    }
}

/// Bytes of the files in a folder.
fn size_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|file| file.metadata().ok())
        .map(|metadata| metadata.len())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::{Limits, Results};
    use crate::artifacts::cache::{ENTRY_FORMAT, Entry};
    use std::fs::{self, File};
    use std::path::Path;
    use std::time::{Duration, SystemTime};

    fn entry(key: &str) -> Entry {
        Entry {
            format: ENTRY_FORMAT,
            key: key.to_owned(),
            recipe: "runc".to_owned(),
            version: "v1.0.0-rc10".to_owned(),
            platform: "linux-amd64".to_owned(),
            files: Vec::new(),
        }
    }

    /// A cache with the entries a, b and c of 1000 bytes, last used three, two and one hours ago.
    fn three(root: &Path) -> (Results, SystemTime) {
        let (results, now) = (Results::new(root.join("results")), SystemTime::now());
        let made = root.join("made");
        fs::create_dir(&made).expect("a folder");
        fs::write(made.join("runc"), vec![7; 1000]).expect("a result");
        for (hours, key) in [(3, "a"), (2, "b"), (1, "c")] {
            let names = ["runc".to_owned()];
            results
                .store(entry(key), &made, &names, "1")
                .expect("stored");
            let list = File::options()
                .append(true)
                .open(results.entry_folder(key).join("entry.json"))
                .expect("a list");
            list.set_modified(now - Duration::from_hours(hours))
                .expect("a time");
        }
        (results, now)
    }

    fn keys(results: &Results) -> Vec<String> {
        let listed = results.list().expect("listed");
        listed.into_iter().map(|entry| entry.key).collect()
    }

    #[test]
    fn the_longest_unused_go_first() {
        let root = tempfile::tempdir().expect("a folder");
        let (results, now) = three(root.path());
        results.note_use("a");
        let one = results.list().expect("listed")[0].size;
        let limits = Limits {
            size: Some(one * 2),
            unused: None,
        };
        let pruned = results.prune(limits, now).expect("pruned");
        assert_eq!(pruned.removed.len(), 1);
        assert_eq!(keys(&results), ["c", "a"]);
        let limits = Limits {
            size: None,
            unused: Some(Duration::from_mins(30)),
        };
        results.prune(limits, now).expect("pruned");
        assert_eq!(keys(&results), ["a"]);
    }

    #[test]
    fn a_changed_file_is_named() {
        let root = tempfile::tempdir().expect("a folder");
        let (results, _) = three(root.path());
        let whole = results.look_up("a").expect("usable").expect("there");
        results.check(&whole).expect("whole");
        // A new file: the one that is there may be the very file that was stored.
        let file = results.entry_folder("a").join("runc");
        fs::remove_file(&file).expect("removed");
        fs::write(&file, vec![8; 1000]).expect("written");
        let damage = results.check(&whole).expect_err("damaged");
        assert_eq!(damage.file, file);
        fs::write(results.entry_folder("b").join("entry.json"), "{").expect("written");
        results.look_up("b").expect_err("damaged");
    }
}
