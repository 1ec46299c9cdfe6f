//! The description of a cache entry.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::checksum::sha256_of;
use crate::inside::inside;
use crate::plan::canonical_json;

/// File name of the list in an entry's directory.
pub const ENTRY: &str = "entry.json";
/// Version of the list's format.
pub const ENTRY_FORMAT: u32 = 2;

/// An entry of the cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Entry {
    /// [`ENTRY_FORMAT`].
    pub format: u32,
    /// The content key, which is also the name of the entry's directory.
    pub key: String,
    /// Name of the recipe.
    pub recipe: String,
    /// The version.
    pub version: String,
    /// Operating system and architecture.
    pub platform: String,
    /// The files, sorted by name.
    pub files: Vec<EntryFile>,
    /// HMAC-SHA256 of all of the above with the cache's own secret, in hexadecimal digits.
    #[serde(default)]
    pub mac: String,
}

/// A file of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EntryFile {
    /// File name.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
    /// Permission bits.
    pub mode: u32,
    /// Sha256 in hexadecimal digits.
    pub sha256: String,
}

impl Entry {
    /// What is sealed: all but the seal.
    pub(super) fn unsealed(&self) -> String {
        canonical_json(&Self {
            mac: String::new(),
            ..self.clone()
        })
    }

    /// The total size of all files, in bytes.
    pub fn size(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }
}

impl EntryFile {
    /// Describes `folder/name`.
    pub(super) fn read(folder: &Path, name: &str) -> io::Result<Self> {
        let path = inside(folder, name)?;
        let metadata = fs::symlink_metadata(&path)?;
        if !metadata.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        let sha256 = file_sha256(&path)?;
        Ok(Self {
            name: name.to_owned(),
            size: metadata.len(),
            mode: metadata.permissions().mode() & 0o7777,
            sha256,
        })
    }
}

/// Sha256 of a file in hexadecimal digits.
///
/// # Errors
/// The system's error if it cannot be read.
pub fn file_sha256(path: &Path) -> io::Result<String> {
    let (_, sha256) = sha256_of(File::open(path)?)?;
    Ok(sha256)
}
