//! Remembers what was published where, so that unchanged files are not read again.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::checksum::sha256_hex;

/// What was published into directories of this machine. Like git's index, it trusts a file whose size, inode and times are
/// unchanged; `kmembuild verify` reads everything.
#[derive(Debug, Clone)]
pub struct Stamps {
    folder: PathBuf,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Stamp {
    /// What was published.
    identity: String,
    /// The files, sorted by name.
    files: Vec<StampedFile>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct StampedFile {
    name: String,
    size: u64,
    mode: u32,
    inode: u64,
    /// Seconds and nanoseconds of the last change of the content.
    modified: (i64, i64),
    /// The same for the content or the attributes.
    changed: (i64, i64),
}

impl Stamps {
    /// The records in `folder`, which need not exist.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Whether `published` is unchanged since `identity` was published there.
    pub fn is_current(&self, published: &Path, identity: &str) -> bool {
        let noted = fs::read(self.file(published)).ok();
        let noted = noted.and_then(|text| serde_json::from_slice::<Stamp>(&text).ok());
        noted.is_some_and(|stamp| {
            stamp.identity == identity && files(published).is_ok_and(|files| files == stamp.files)
        })
    }

    /// Records that `identity` was just published to `published`.
    ///
    /// # Errors
    /// The system's error.
    pub fn note(&self, published: &Path, identity: &str) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let stamp = Stamp {
            identity: identity.to_owned(),
            files: files(published)?,
        };
        fs::write(self.file(published), serde_json::to_string(&stamp)?)
    }

    fn file(&self, published: &Path) -> PathBuf {
        let whole = fs::canonicalize(published).unwrap_or_else(|_| published.to_owned());
        let name = sha256_hex(whole.as_os_str().as_encoded_bytes());
        self.folder.join(format!("{}.json", &name[..32]))
    }
}

fn files(folder: &Path) -> io::Result<Vec<StampedFile>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        files.push(StampedFile {
            name: entry.file_name().to_string_lossy().into_owned(),
            size: metadata.len(),
            mode: metadata.mode(),
            inode: metadata.ino(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        });
    }
    files.sort();
    Ok(files)
}
