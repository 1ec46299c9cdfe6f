//! What a session changes in this file system: written down before it is done, so that whoever comes later can undo it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::regular_file;

/// Largest record in bytes: it may list every file of a source tree.
const LARGEST: u64 = 256 << 20;
/// Version of the format.
const FORMAT: u32 = 1;
/// Name of the file in a session's directory.
const RECORD: &str = "record.json";

/// The changes of a session, and whose it is.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Record {
    format: u32,
    /// The session's labels.
    pub labels: BTreeMap<String, String>,
    /// When it was opened, in seconds since the Unix epoch.
    pub opened: u64,
    /// In the order in which they are made.
    pub changes: Vec<Change>,
}

/// One change.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Change {
    /// A directory that was not there, for what is in it. Removed if it is empty then.
    Parent(PathBuf),
    /// A directory that was not there. Removed with everything in it.
    Made(PathBuf),
    /// A directory that was there, and empty. It is emptied again.
    Filled(PathBuf),
    /// A link to a cache. Removed.
    Link(PathBuf),
    /// An empty directory in the place of which there is a link. Made again.
    Replaced(PathBuf),
    /// A directory of the image in which steps leave files. What was not there before is removed; what steps changed stays
    /// changed.
    #[serde(rename_all = "kebab-case")]
    Watched {
        /// The directory.
        directory: PathBuf,
        /// Everything below it, by its path from there.
        entries: Vec<String>,
    },
}

impl Record {
    pub(super) fn new(labels: BTreeMap<String, String>, opened: u64, changes: Vec<Change>) -> Self {
        Self {
            format: FORMAT,
            labels,
            opened,
            changes,
        }
    }

    /// Writes it into the session's directory, whole or not at all.
    pub(super) fn write(&self, directory: &Path) -> io::Result<()> {
        let partial = directory.join(".record");
        fs::write(&partial, serde_json::to_vec(self)?)?;
        fs::rename(&partial, directory.join(RECORD))
    }

    /// The record in a session's directory; `None` if there is none.
    pub(super) fn read(directory: &Path) -> io::Result<Option<Self>> {
        let text = match regular_file::read(&directory.join(RECORD), LARGEST) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let record: Self = serde_json::from_slice(&text)?;
        if record.format == FORMAT {
            Ok(Some(record))
        } else {
            Err(io::Error::other("it is of another version of kmembuild"))
        }
    }
}
