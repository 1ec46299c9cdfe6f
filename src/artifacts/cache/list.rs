//! What is in the cache.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

use super::entry::{ENTRY, Entry};
use super::results::{Damage, Results};

/// Number of hexadecimal digits of a content key.
const KEY_LENGTH: usize = 64;

/// An entry, and when it was last used.
#[derive(Debug, Clone)]
pub struct ListedResult {
    /// Name of its folder, the content key.
    pub key: String,
    /// What it says of itself.
    pub entry: Result<Entry, Damage>,
    /// Bytes of its files.
    pub size: u64,
    /// Bytes that are free again when it is removed: those of files that are nowhere else as well. A file system that
    /// lets files share their bytes does not tell, and then they are counted all the same.
    pub room: u64,
    /// When it was last used.
    pub used: SystemTime,
}

/// What there is in the folder of the cache.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// The entries, the longest unused first.
    pub entries: Vec<ListedResult>,
    /// What is there and is none of the tool's.
    pub foreign: Vec<Damage>,
}

impl Results {
    /// All entries. What an unfinished run left is not among them.
    ///
    /// # Errors
    /// What the system says of the cache's folder. Where there is none yet, there are no entries.
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
            let reason = if !is_key(&name) {
                "its name is not that of a result"
            } else if !folder.file_type().is_ok_and(|kind| kind.is_dir()) {
                "it is not a folder"
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

    /// The content keys that begin so, sorted.
    ///
    /// # Errors
    /// What the system says of the cache's folder.
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
                reason: "it has no list of its files".to_owned(),
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

/// Whether a folder of this name is an entry that a run did not finish, or not yet.
pub(super) fn is_unfinished(name: &str) -> bool {
    name.starts_with('.') && name.contains(".partial-")
}

fn is_key(name: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    name.len() == KEY_LENGTH && name.bytes().all(is_digit)
}

/// Bytes of the files in a folder, and of those that have no other name.
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
