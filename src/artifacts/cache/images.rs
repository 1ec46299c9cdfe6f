//! Remembers what images that the tool made give to a build. The content key of a result depends on that, so that a result is
//! found where the image is not on the engine any more, or is not there yet: on a fresh machine with a restored cache.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::secret::Secret;
use crate::artifacts::replace_file;
use crate::engine::ImageContent;
use crate::plan::canonical_json;
use crate::regular_file;

/// Version of the form of a record.
const FORMAT: u32 = 1;
/// Largest record in bytes; real ones have one or two thousand.
const LARGEST: u64 = 1 << 18;
/// Most records; the longest unused ones go first.
const MOST: usize = 200;

/// The records in a directory.
#[derive(Debug, Clone)]
pub struct KnownImages {
    folder: PathBuf,
    secret: Secret,
}

/// What is known of an image.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Record {
    format: u32,
    /// Sha256 of what the image is made from ([`crate::plan::Plan::image_identity`]).
    image_identity: String,
    content: ImageContent,
    /// HMAC-SHA256 of all of the above with the cache's own secret, in hexadecimal digits.
    #[serde(default)]
    mac: String,
}

impl Record {
    fn unsealed(&self) -> String {
        let mac = String::new();
        canonical_json(&Self {
            mac,
            ..self.clone()
        })
    }
}

impl KnownImages {
    /// The records in `folder`, which need not exist; `secret` is the file with the secret of the cache.
    pub fn new(folder: PathBuf, secret: PathBuf) -> Self {
        let secret = Secret(secret);
        Self { folder, secret }
    }

    /// What the image of that identity gave to a build when it was last seen. `None` if it was never seen, or if the record
    /// was not written by this cache: then the image is made, and recorded again.
    pub fn content(&self, identity: &str) -> Option<ImageContent> {
        let path = self.file(identity);
        let text = regular_file::read(&path, LARGEST).ok()?;
        let record: Record = serde_json::from_slice(&text).ok()?;
        let is_asked_for = record.format == FORMAT && record.image_identity == identity;
        let is_own = self.secret.accepts(&record.unsealed(), &record.mac);
        if !is_asked_for || !is_own.unwrap_or(false) {
            return None;
        }
        note_use(&path);
        Some(record.content)
    }

    /// Records what the image of that identity, which was just seen, gives to a build.
    ///
    /// # Errors
    /// The system's error.
    pub fn note(&self, identity: &str, content: &ImageContent) -> io::Result<()> {
        if self.content(identity).as_ref() == Some(content) {
            return Ok(());
        }
        let mut record = Record {
            format: FORMAT,
            image_identity: identity.to_owned(),
            content: content.clone(),
            mac: String::new(),
        };
        record.mac = self.secret.mac(&record.unsealed())?;
        fs::create_dir_all(&self.folder)?;
        let text = canonical_json(&record);
        replace_file(&self.file(identity), text.as_bytes(), 0o600)?;
        self.prune()
    }

    fn file(&self, identity: &str) -> PathBuf {
        self.folder.join(format!("{identity}.json"))
    }

    fn prune(&self) -> io::Result<()> {
        let mut records = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            records.push((entry.metadata()?.modified()?, entry.path()));
        }
        records.sort();
        let superfluous = records.len().saturating_sub(MOST);
        for (_, path) in &records[..superfluous] {
            fs::remove_file(path)?;
        }
        Ok(())
    }
}

/// Records when a file was used. One in a read-only cache can still be used.
fn note_use(path: &Path) {
    if let Ok(file) = File::options().append(true).open(path) {
        let _ = file.set_modified(SystemTime::now());
    }
}
