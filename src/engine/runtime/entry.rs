//! Entries of a tar archive, as far as they may go into a tree.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use tar::{EntryType, Header, PaxExtensions};
use thiserror::Error;

use super::tree::DEEPEST;

/// Longest path of an entry or a link, in bytes: the kernel takes no longer one.
const LONGEST_PATH: usize = 4096;
/// Largest header with further attributes, in bytes.
const LARGEST_ATTRIBUTES: u64 = 1 << 20;

/// Why an entry is refused.
#[derive(Debug, Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Refusal {
    #[error("it leads out of the tree")]
    Outside,
    #[error("its link leads out of the tree")]
    LinkOutside,
    #[error("it links to {target:?}, which is not there before it")]
    NoTarget { target: String },
    #[error("it is a device")]
    Device,
    #[error("it is a sparse file, which is unsupported")]
    Sparse,
    #[error("its kind {kind:?} is unsupported")]
    Kind { kind: char },
    #[error("its name has more than {LONGEST_PATH} bytes")]
    LongName,
    #[error("it is nested more than {DEEPEST} directories deep")]
    Deep,
    #[error("its attributes are too large")]
    Attributes,
    #[error("a number in its header is not one")]
    Number,
    #[error("its header says two different sizes")]
    TwoSizes,
    #[error("there are more than {limit} entries")]
    Entries { limit: u64 },
    #[error("there are more than {} in the archive", bytesize::ByteSize(*limit))]
    Bytes { limit: u64 },
    #[error("a directory is in its place")]
    DirectoryInPlace,
    #[error("its owner {owner}:{group} is none of the ids of this user's namespace")]
    Owner { owner: u32, group: u32 },
}

/// What the headers before an entry say of it.
#[derive(Debug, Default)]
pub(super) struct Announced {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    attributes: BTreeMap<String, Vec<u8>>,
}

/// An entry, without its content.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its path from the root of the tree, without `.` and `..`; empty for the root.
    pub path: PathBuf,
    pub what: What,
    pub owner: u32,
    pub group: u32,
    /// Permissions, with those of set-user-id, set-group-id and the sticky bit.
    pub mode: u32,
    /// Time of modification, in seconds since the Unix epoch.
    pub modified: i64,
    /// Extended attributes, by name.
    pub extended: Vec<(String, Vec<u8>)>,
}

/// What an entry is.
#[derive(Debug)]
pub(super) enum What {
    Directory,
    File,
    /// A further name of the file with that path from the root of the tree.
    HardLink(PathBuf),
    /// A symbolic link with this text, which means nothing before it is followed within the tree.
    SymbolicLink(PathBuf),
    Pipe,
    /// A node of a device below `dev`: a session has a `/dev` of its own.
    Skipped,
}

impl Announced {
    /// Takes in a header that only says something of the next entry. `false` if it is an entry itself.
    ///
    /// # Errors
    /// `Ok(Err(..))` for one that is refused, and what reading brings.
    pub(super) fn take(
        &mut self,
        header: &Header,
        mut content: impl Read,
    ) -> io::Result<Result<bool, Refusal>> {
        let kind = header.entry_type();
        let mut read = |limit: u64| -> io::Result<Option<Vec<u8>>> {
            let mut text = Vec::new();
            content.by_ref().take(limit + 1).read_to_end(&mut text)?;
            Ok((text.len() as u64 <= limit).then_some(text))
        };
        match kind {
            EntryType::GNULongName | EntryType::GNULongLink => {
                // One more for the zero at its end.
                let Some(mut text) = read(LONGEST_PATH as u64 + 1)? else {
                    return Ok(Err(Refusal::LongName));
                };
                if text.last() == Some(&0) {
                    text.pop();
                }
                if kind == EntryType::GNULongName {
                    self.path = Some(text);
                } else {
                    self.link = Some(text);
                }
            }
            EntryType::XHeader => {
                let Some(text) = read(LARGEST_ATTRIBUTES)? else {
                    return Ok(Err(Refusal::Attributes));
                };
                for attribute in PaxExtensions::new(&text) {
                    let attribute = attribute?;
                    let Ok(key) = attribute.key() else { continue };
                    let value = attribute.value_bytes().to_vec();
                    self.attributes.insert(key.to_owned(), value);
                }
            }
            // Of all entries; nothing in it matters here.
            EntryType::XGlobalHeader => {}
            _ => return Ok(Ok(false)),
        }
        Ok(Ok(true))
    }

    /// The path of the entry with this header, for messages.
    pub(super) fn name(&self, header: &Header) -> String {
        String::from_utf8_lossy(&self.path_bytes(header)).into_owned()
    }

    fn path_bytes(&self, header: &Header) -> Vec<u8> {
        let long = self.attributes.get("path").or(self.path.as_ref());
        long.map_or_else(|| header.path_bytes().into_owned(), Clone::clone)
    }

    fn link_bytes(&self, header: &Header) -> Vec<u8> {
        let long = self.attributes.get("linkpath").or(self.link.as_ref());
        let short = || header.link_name_bytes().unwrap_or_default().into_owned();
        long.map_or_else(short, Clone::clone)
    }

    fn number(&self, key: &str) -> Option<Result<u64, Refusal>> {
        let value = self.attributes.get(key)?;
        let text = std::str::from_utf8(value).ok();
        // Times have a fraction.
        let whole = text.and_then(|text| text.split('.').next()?.parse().ok());
        Some(whole.ok_or(Refusal::Number))
    }

    /// The entry with this header.
    pub(super) fn entry(&self, header: &Header) -> Result<Entry, Refusal> {
        let bytes = self.path_bytes(header);
        let path = inner_path(&bytes)?.ok_or(Refusal::Outside)?;
        let kind = header.entry_type();
        if self
            .attributes
            .keys()
            .any(|key| key.starts_with("GNU.sparse"))
        {
            return Err(Refusal::Sparse);
        }
        let size = header.entry_size().map_err(|_| Refusal::Number)?;
        if let Some(announced) = self.number("size")
            && announced? != size
        {
            return Err(Refusal::TwoSizes);
        }
        let link = || self.link_bytes(header);
        let what = match kind {
            EntryType::Directory => What::Directory,
            // So did archivers write directories before there was a kind for them.
            EntryType::Regular if bytes.ends_with(b"/") => What::Directory,
            EntryType::Regular | EntryType::Continuous => What::File,
            EntryType::Link => {
                let target = link();
                let inner = inner_path(&target)?.filter(|_| !target.starts_with(b"/"));
                What::HardLink(inner.ok_or(Refusal::LinkOutside)?)
            }
            EntryType::Symlink => {
                let target = link();
                if target.len() >= LONGEST_PATH {
                    return Err(Refusal::LongName);
                }
                What::SymbolicLink(PathBuf::from(OsStr::from_bytes(&target)))
            }
            EntryType::Fifo => What::Pipe,
            EntryType::Char | EntryType::Block => {
                if path.parent() == Some(Path::new("dev")) {
                    What::Skipped
                } else {
                    return Err(Refusal::Device);
                }
            }
            EntryType::GNUSparse => return Err(Refusal::Sparse),
            other => {
                let kind = char::from(other.as_byte());
                return Err(Refusal::Kind { kind });
            }
        };
        let number = |key, header: io::Result<u64>, field: &[u8]| match self.number(key) {
            Some(number) => number,
            // Some archivers leave out what is zero.
            None if field.iter().all(|byte| matches!(byte, 0 | b' ')) => Ok(0),
            None => header.map_err(|_| Refusal::Number),
        };
        let fields = header.as_old();
        let id = |number: u64| u32::try_from(number).map_err(|_| Refusal::Number);
        let modified = number("mtime", header.mtime(), &fields.mtime)?;
        Ok(Entry {
            path,
            what,
            owner: id(number("uid", header.uid(), &fields.uid)?)?,
            group: id(number("gid", header.gid(), &fields.gid)?)?,
            mode: header.mode().map_err(|_| Refusal::Number)? & 0o7777,
            modified: i64::try_from(modified).map_err(|_| Refusal::Number)?,
            extended: self.extended(),
        })
    }

    /// The extended attributes that a file keeps. Those of overlay file systems would change what a session sees of others,
    /// and those of a security module are for the host's own policy.
    fn extended(&self) -> Vec<(String, Vec<u8>)> {
        let named = self.attributes.iter().filter_map(|(key, value)| {
            let name = key.strip_prefix("SCHILY.xattr.")?;
            let is_kept = name == "security.capability"
                || (name.starts_with("user.") && !name.starts_with("user.overlay."));
            is_kept.then(|| (name.to_owned(), value.clone()))
        });
        named.collect()
    }
}

/// A path from the root of the tree; `None` if it leads out of it.
fn inner_path(bytes: &[u8]) -> Result<Option<PathBuf>, Refusal> {
    if bytes.len() > LONGEST_PATH {
        return Err(Refusal::LongName);
    }
    if bytes.contains(&0) {
        return Ok(None);
    }
    let mut path = PathBuf::new();
    for component in Path::new(OsStr::from_bytes(bytes)).components() {
        match component {
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            Component::RootDir | Component::ParentDir | Component::Prefix(_) => return Ok(None),
        }
    }
    if path.components().count() > DEEPEST {
        return Err(Refusal::Deep);
    }
    Ok(Some(path))
}
