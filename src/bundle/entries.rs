//! The entries of the archive: only those of a layout, each once.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tar::{EntryType, Header};

use super::error::BundleError;
use super::parts::Parts;
use crate::transport::Digest;

/// Size of a block of an archive in bytes.
const BLOCK: u64 = 512;
/// Most entries of a bundle.
const MOST_ENTRIES: usize = 20_000;
/// The file that says that this is a layout.
pub(super) const MARK: &str = "oci-layout";
/// The file with the index.
pub(super) const INDEX: &str = "index.json";
/// Directory of the blobs.
pub(super) const BLOBS: &str = "blobs/sha256/";

/// Where something is in a bundle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) offset: u64,
    pub(super) length: u64,
}

/// What is in the archive.
#[derive(Debug)]
pub(super) struct Entries {
    pub(super) mark: Span,
    pub(super) index: Span,
    pub(super) blobs: BTreeMap<Digest, Span>,
}

/// What an entry is.
enum Entry {
    Mark,
    Index,
    Blob(Digest),
    Directory,
}

impl Entries {
    /// Reads the headers of the archive, and nothing else.
    pub(super) fn read(parts: &Parts) -> Result<Self, BundleError> {
        let refused = |name: &str, problem| BundleError::Entry {
            path: parts.path().to_owned(),
            name: name.to_owned(),
            problem,
        };
        let truncated = || {
            let path = PathBuf::from(parts.place(parts.length().saturating_sub(1)).0);
            BundleError::Truncated { path }
        };
        let (mut mark, mut index) = (None, None);
        let mut blobs = BTreeMap::new();
        let mut offset = 0;
        for number in 0.. {
            if offset + BLOCK > parts.length() {
                return Err(truncated());
            }
            let header = block(parts, offset)?;
            if header.as_bytes().iter().all(|byte| *byte == 0) {
                break;
            }
            let broken = || {
                let (path, offset) = parts.place(offset);
                let path = path.to_owned();
                BundleError::NotAnEntry { path, offset }
            };
            if !is_intact(&header) {
                return Err(broken());
            }
            let name = String::from_utf8_lossy(&header.path_bytes()).into_owned();
            if number >= MOST_ENTRIES {
                return Err(refused(&name, "is one of too many"));
            }
            let length = header.entry_size().map_err(|_| broken())?;
            let span = Span {
                offset: offset + BLOCK,
                length,
            };
            let entry = kind(&header, &name).map_err(|problem| refused(&name, problem))?;
            let end = length.checked_add(span.offset);
            let end = end.filter(|end| *end <= parts.length());
            let end = end.ok_or_else(truncated)?;
            let is_twice = match entry {
                Entry::Mark => mark.replace(span).is_some(),
                Entry::Index => index.replace(span).is_some(),
                Entry::Blob(digest) => blobs.insert(digest, span).is_some(),
                Entry::Directory => false,
            };
            if is_twice {
                return Err(refused(&name, "is there twice"));
            }
            offset = end.next_multiple_of(BLOCK);
        }
        let lacks = |name: &str| BundleError::NotABundle {
            path: parts.path().to_owned(),
            reason: format!("it has no {name}"),
        };
        Ok(Self {
            mark: mark.ok_or_else(|| lacks(MARK))?,
            index: index.ok_or_else(|| lacks(INDEX))?,
            blobs,
        })
    }
}

fn kind(header: &Header, name: &str) -> Result<Entry, &'static str> {
    let name = name.strip_prefix("./").unwrap_or(name);
    match header.entry_type() {
        EntryType::Regular => {}
        EntryType::Directory if header.entry_size().is_ok_and(|size| size == 0) => {
            return match name.trim_end_matches('/') {
                "" | "." | "blobs" | "blobs/sha256" => Ok(Entry::Directory),
                _ => Err("is not part of an image layout"),
            };
        }
        _ => return Err("is neither a file nor a directory"),
    }
    match name {
        MARK => Ok(Entry::Mark),
        INDEX => Ok(Entry::Index),
        _ => {
            let hex = name.strip_prefix(BLOBS).unwrap_or_default();
            let digest = Digest::from_hex(hex).ok_or("is not part of an image layout")?;
            Ok(Entry::Blob(digest))
        }
    }
}

fn block(parts: &Parts, offset: u64) -> Result<Header, BundleError> {
    let mut header = Header::new_old();
    let bytes = header.as_mut_bytes();
    let mut filled = 0;
    while filled < bytes.len() {
        match parts.read_at(&mut bytes[filled..], offset + filled as u64)? {
            // It became shorter since it was opened.
            0 => {
                let path = PathBuf::from(parts.place(offset).0);
                return Err(BundleError::Truncated { path });
            }
            read => filled += read,
        }
    }
    Ok(header)
}

/// Whether the header has its own checksum: of its bytes, with those of the checksum taken as spaces.
fn is_intact(header: &Header) -> bool {
    let bytes = header.as_bytes();
    let sum = |bytes: &[u8]| bytes.iter().map(|byte| u32::from(*byte)).sum::<u32>();
    let expected = sum(&bytes[..148]) + 8 * 32 + sum(&bytes[156..]);
    header.cksum().is_ok_and(|found| found == expected)
}
