//! What a yum repository has already: read from its metadata, which are taken for nothing but with their signature.

use std::io::{self, Read as _};
use std::path::Path;

use flate2::read::GzDecoder;

use super::entry::Entry;
use super::names::LARGEST_METADATA;
use super::xml::find;
use crate::attestation::PublicPackageKey;
use crate::checksum::sha256_hex;
use crate::inside::inside;
use crate::regular_file;

/// The three lists, in the order of the texts of an entry.
pub(super) const LISTS: [&str; 3] = ["primary", "filelists", "other"];

/// An earlier repository.
#[derive(Debug, Default)]
pub(super) struct EarlierYum {
    /// Its packages.
    pub(super) entries: Vec<Entry>,
    /// Its revision: the time of its newest package.
    pub(super) revision: u32,
    /// Its lists: path relative to the root, and content.
    pub(super) lists: Vec<(String, Vec<u8>)>,
}

/// Reads the repository in `root`; `None` if there is none, and what is wrong if it is not one by `key`.
pub(super) fn read_yum(root: &Path, key: &PublicPackageKey) -> Result<Option<EarlierYum>, String> {
    let repomd = match regular_file::read_text(&root.join("repodata/repomd.xml"), LARGEST_METADATA)
    {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("could not read repomd.xml: {error}")),
    };
    let signature =
        regular_file::read_text(&root.join("repodata/repomd.xml.asc"), LARGEST_METADATA)
            .map_err(|error| format!("could not read repomd.xml.asc: {error}"))?;
    if !key.verify(repomd.as_bytes(), &signature) {
        return Err("the signature of repomd.xml is by another key".to_owned());
    }
    let revision = find(&repomd, "revision", None).and_then(|revision| revision.parse().ok());
    let mut earlier = EarlierYum {
        revision: revision.ok_or("repomd.xml has no revision")?,
        ..EarlierYum::default()
    };
    let mut pieces = Vec::new();
    for list in LISTS {
        let of_list = repomd
            .split("<data ")
            .find(|data| data.starts_with(&format!("type=\"{list}\"")))
            .ok_or_else(|| format!("repomd.xml has no {list}"))?;
        let data = format!("<data {of_list}");
        let path = find(&data, "location", Some("href"));
        let path = path.ok_or_else(|| format!("repomd.xml has no place of {list}"))?;
        let content = inside(root, &path)
            .and_then(|path| regular_file::read(&path, LARGEST_METADATA))
            .map_err(|error| format!("could not read {path}: {error}"))?;
        if find(&data, "checksum", None) != Some(sha256_hex(&content)) {
            return Err(format!("{path} is not the one that is signed"));
        }
        pieces.push(packages(&content).map_err(|error| format!("{path}: {error}"))?);
        earlier.lists.push((path, content));
    }
    let [primary, filelists, other] = &pieces[..] else {
        return Err("repomd.xml has not three lists".to_owned());
    };
    if primary.len() != filelists.len() || primary.len() != other.len() {
        return Err("its lists have different numbers of packages".to_owned());
    }
    for ((primary, files), other) in primary.iter().zip(filelists).zip(other) {
        let entry = entry([primary, files, other]);
        earlier
            .entries
            .push(entry.ok_or("a package in it is not described as this tool does")?);
    }
    Ok(Some(earlier))
}

/// The pieces of a list, a package each.
fn packages(content: &[u8]) -> io::Result<Vec<String>> {
    let mut text = String::new();
    let unpacked = GzDecoder::new(content).take(LARGEST_METADATA);
    let mut unpacked = unpacked;
    unpacked.read_to_string(&mut text)?;
    let pieces = text.split_inclusive("</package>\n");
    let pieces = pieces.filter_map(|piece| {
        let at = piece.find("<package ")?;
        Some(piece[at..].to_owned())
    });
    Ok(pieces.collect())
}

fn entry(texts: [&String; 3]) -> Option<Entry> {
    let [primary, files, other] = texts;
    let sha256 = find(primary, "checksum", None)?;
    for list in [files, other] {
        if find(list, "package", Some("pkgid"))? != sha256 {
            return None;
        }
    }
    let version = |name| find(primary, "version", Some(name));
    Some(Entry {
        name: find(primary, "name", None)?,
        arch: find(primary, "arch", None)?,
        version: format!(
            "{}:{}-{}",
            version("epoch")?,
            version("ver")?,
            version("rel")?
        ),
        sha256,
        size: find(primary, "size", Some("package"))?.parse().ok()?,
        path: find(primary, "location", Some("href"))?,
        time: find(primary, "time", Some("build"))?.parse().ok()?,
        texts: texts.map(Clone::clone).to_vec(),
    })
}
