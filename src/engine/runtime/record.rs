//! What is known of a session from outside of the process that opened it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::keeper::LOCK;
use crate::regular_file;

/// Version of the format.
const FORMAT: u32 = 1;
/// Largest record in bytes.
const LARGEST: u64 = 1 << 20;
/// Name of the file in a session's directory.
const RECORD: &str = "session.json";

/// A session, and what it uses.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Record {
    format: u32,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// When it was opened, in seconds since the Unix epoch.
    pub opened: u64,
    /// Id of its image.
    pub image: String,
    /// Keys of its caches.
    pub caches: Vec<String>,
}

impl Record {
    pub(super) fn new(
        labels: BTreeMap<String, String>,
        opened: u64,
        image: String,
        caches: Vec<String>,
    ) -> Self {
        Self {
            format: FORMAT,
            labels,
            opened,
            image,
            caches,
        }
    }

    /// Writes it into the session's directory, whole or not at all.
    pub(super) fn write(&self, directory: &Path) -> io::Result<()> {
        let partial = directory.join(".session");
        fs::write(&partial, serde_json::to_vec(self)?)?;
        fs::rename(&partial, directory.join(RECORD))
    }

    /// The record in a session's directory; `None` if there is none that this version understands.
    pub(super) fn read(directory: &Path) -> Option<Self> {
        let text = regular_file::read(&directory.join(RECORD), LARGEST).ok()?;
        let record: Self = serde_json::from_slice(&text).ok()?;
        (record.format == FORMAT).then_some(record)
    }
}

/// Whether the keeper of a session lives.
pub(super) fn is_kept(directory: &Path) -> bool {
    let lock = File::open(directory.join(LOCK));
    lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(fs::TryLockError::WouldBlock)))
}

/// Whether it is the name of something in one directory, which can become a part of a path and of a command line.
pub(super) fn is_name(text: &str) -> bool {
    let is_sound = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let begins = text
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphanumeric());
    begins && text.len() <= 200 && text.bytes().all(is_sound)
}
