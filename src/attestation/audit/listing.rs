//! All files below a directory, each read once.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::ops::Bound;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::outcome::{Audit, AuditError};
use crate::checksum::sha256_of;
use crate::regular_file::{self, Stoppable};

/// The longest text that is read completely; the longest real one, an SBOM of kubelet, is smaller than 1 MiB.
pub(super) const LONGEST_TEXT: u64 = 64 << 20;

/// The regular files below a directory, by their paths in it.
pub(super) struct Listing {
    root: PathBuf,
    files: BTreeMap<String, Stored>,
}

/// A file on disk.
pub(super) struct Stored {
    /// Size in bytes.
    pub(super) size: u64,
    /// Sha256 in hexadecimal digits.
    pub(super) sha256: String,
    /// Permission bits, with those for the user and the group that a program runs as.
    pub(super) mode: u32,
}

impl Listing {
    /// Reads everything below `root`. Anything that is not a regular file, cannot be read, or has a name that no list of
    /// checksums can hold becomes a problem of the audit. Files whose digests are `known` by their paths are not read.
    ///
    /// # Errors
    /// [`AuditError::Unreadable`] for `root` itself.
    pub(super) fn read(
        root: &Path,
        known: &BTreeMap<PathBuf, String>,
        is_stopped: &dyn Fn() -> bool,
        audit: &mut Audit,
    ) -> Result<Self, AuditError> {
        let mut listing = Self {
            root: root.to_owned(),
            files: BTreeMap::new(),
        };
        listing
            .add_folder("", known, is_stopped, audit)
            .map_err(|source| AuditError::Unreadable {
                path: root.to_owned(),
                source,
            })?;
        Ok(listing)
    }

    fn add_folder(
        &mut self,
        folder: &str,
        known: &BTreeMap<PathBuf, String>,
        is_stopped: &dyn Fn() -> bool,
        audit: &mut Audit,
    ) -> io::Result<()> {
        let mut empty = true;
        for entry in fs::read_dir(self.root.join(folder))? {
            empty = false;
            if is_stopped() {
                break;
            }
            let entry = entry?;
            let name = entry.file_name();
            let shown = format!("{folder}{}", name.to_string_lossy());
            let Some(name) = name.to_str().filter(|name| is_plain(name)) else {
                audit.integrity(shown, "its name cannot be written in a list of checksums");
                continue;
            };
            let path = format!("{folder}{name}");
            let kind = entry.file_type()?;
            if kind.is_dir() {
                if let Err(error) = self.add_folder(&format!("{path}/"), known, is_stopped, audit) {
                    audit.integrity(path, format!("could not read the directory: {error}"));
                }
            } else if kind.is_file() {
                let place = entry.path();
                match Stored::read(&place, known.get(&place), is_stopped) {
                    Ok(stored) => {
                        self.files.insert(path, stored);
                    }
                    Err(error) => audit.integrity(path, format!("could not read it: {error}")),
                }
            } else {
                let what = if kind.is_symlink() {
                    "a symbolic link"
                } else {
                    "a special file"
                };
                audit.integrity(path, format!("{what}, not a regular file"));
            }
        }
        if empty && !folder.is_empty() {
            audit.integrity(folder.trim_end_matches('/'), "unexpected empty directory");
        }
        Ok(())
    }

    /// The file at a path.
    pub(super) fn get(&self, path: &str) -> Option<&Stored> {
        self.files.get(path)
    }

    /// The paths that begin with `folder`, each with the rest of it, sorted. Looks at no other: a release has a thousand
    /// results, and each is asked for its own.
    pub(super) fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let from = (Bound::Included(folder), Bound::Unbounded);
        let from = self.files.range::<str, _>(from);
        from.map_while(move |(path, _)| Some((path.as_str(), path.strip_prefix(folder)?)))
    }

    /// All paths, sorted.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// The path on disk of a listed file.
    pub(super) fn on_disk(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// The text of a listed file, if it is still the same as when it was listed; otherwise a problem of the audit.
    pub(super) fn text(&self, path: &str, audit: &mut Audit) -> Option<String> {
        let stored = self.get(path)?;
        if stored.size > LONGEST_TEXT {
            let size = stored.size;
            audit.integrity(path, format!("too large for such a file: {size} bytes"));
            return None;
        }
        match regular_file::read_text(&self.on_disk(path), LONGEST_TEXT) {
            Ok(text) if crate::checksum::sha256_hex(text.as_bytes()) == stored.sha256 => Some(text),
            Ok(_) => {
                audit.integrity(path, "changed while it was read");
                None
            }
            Err(error) => {
                audit.integrity(path, format!("not a text file: {error}"));
                None
            }
        }
    }

    /// A listed JSON document; `None` if it is missing, or invalid, which is a problem of the audit.
    pub(super) fn document<T: DeserializeOwned>(&self, path: &str, audit: &mut Audit) -> Option<T> {
        let text = self.text(path, audit)?;
        serde_json::from_str(&text)
            .map_err(|error| audit.integrity(path, format!("not a valid document: {error}")))
            .ok()
    }
}

impl Stored {
    fn read(
        path: &Path,
        known: Option<&String>,
        is_stopped: &dyn Fn() -> bool,
    ) -> io::Result<Self> {
        let file = regular_file::open(path)?;
        let metadata = file.metadata()?;
        let mode = metadata.permissions().mode() & 0o7777;
        let (size, sha256) = match known {
            Some(sha256) => (metadata.len(), sha256.clone()),
            None => sha256_of(Stoppable::new(file, is_stopped))?,
        };
        Ok(Self { size, sha256, mode })
    }
}

/// Whether a name needs no escaping in a list of checksums.
fn is_plain(name: &str) -> bool {
    !name.contains(|c: char| c.is_control() || c == '\\')
}
