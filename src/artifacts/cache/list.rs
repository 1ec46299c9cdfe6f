//! Lists the cache.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

use super::entry::{ENTRY, Entry};
use super::results::{Damage, Results};
use crate::checksum::is_sha256;

/// An entry, and when it was last used.
#[derive(Debug, Clone)]
pub struct ListedResult {
    /// The name of its directory, which is the content key.
    pub key: String,
    /// Its description.
    pub entry: Result<Entry, Damage>,
    /// The size of its files in bytes.
    pub size: u64,
    /// The bytes that removing it frees: those of files without another name. A file system that shares bytes between files
    /// does not show that, so they are counted anyway.
    pub room: u64,
    /// When it was last used.
    pub used: SystemTime,
}

/// The contents of the cache's directory.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// The entries, the longest unused first.
    pub entries: Vec<ListedResult>,
    /// Files and directories that do not belong to the tool.
    pub foreign: Vec<Damage>,
}

impl Results {
    /// All entries, except those of unfinished runs.
    ///
    /// # Errors
    /// The system's error for the cache's directory. If it does not exist, there are no entries.
    pub fn list(&self) -> io::Result<Listing> {
        let folders = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Listing::default()),
            folders => folders?,
        };
        let mut listing = Listing::default();
        for folder in folders {
            let folder = folder?;
            let name = folder.file_name().to_string_lossy().into_owned();
            if is_unfinished(&name) {
                continue;
            }
            let reason = if !is_sha256(&name) {
                "its name is not the name of a result"
            } else if !folder.file_type().is_ok_and(|kind| kind.is_dir()) {
                "it is not a directory"
            } else {
                listing.entries.push(self.listed(name));
                continue;
            };
            listing.foreign.push(Damage {
                file: folder.path(),
                reason: reason.to_owned(),
            });
        }
        let entries = &mut listing.entries;
        entries.sort_by(|a, b| a.used.cmp(&b.used).then_with(|| a.key.cmp(&b.key)));
        listing.foreign.sort_by(|a, b| a.file.cmp(&b.file));
        Ok(listing)
    }

    /// The content keys that start with `beginning`, sorted.
    ///
    /// # Errors
    /// The system's error for the cache's directory.
    pub fn find(&self, beginning: &str) -> io::Result<Vec<String>> {
        let entries = self.list()?.entries.into_iter();
        let keys = entries.map(|entry| entry.key);
        let mut keys: Vec<_> = keys.filter(|key| key.starts_with(beginning)).collect();
        keys.sort();
        Ok(keys)
    }

    fn listed(&self, key: String) -> ListedResult {
        let folder = self.entry_folder(&key);
        let entry = self.look_up(&key).and_then(|entry| {
            entry.ok_or_else(|| Damage {
                file: folder.clone(),
                reason: "the list of its files is missing".to_owned(),
            })
        });
        let used = fs::metadata(folder.join(ENTRY))
            .or_else(|_| fs::metadata(&folder))
            .and_then(|metadata| metadata.modified())
            .unwrap_or(SystemTime::UNIX_EPOCH);
        let (size, room) = sizes(&folder);
        ListedResult {
            key,
            entry,
            size,
            room,
            used,
        }
    }
}

/// Whether a directory with this name is an unfinished entry.
pub(super) fn is_unfinished(name: &str) -> bool {
    name.starts_with('.') && name.contains(".partial-")
}

/// The bytes of the files in a directory, and of those without another name.
fn sizes(folder: &Path) -> (u64, u64) {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files
        .filter_map(|file| file.metadata().ok())
        .filter(fs::Metadata::is_file)
        .fold((0, 0), |(all, alone), file| {
            let room = if file.nlink() == 1 { file.len() } else { 0 };
            (all + file.len(), alone + room)
        })
}
