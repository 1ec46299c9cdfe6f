//! What a suite of an apt repository has already: read from its metadata, which are taken for nothing but with their
//! signature.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::apt::parse_date;
use super::deb::field;
use super::entry::Entry;
use super::names::LARGEST_METADATA;
use crate::attestation::PublicPackageKey;
use crate::checksum::sha256_hex;
use crate::inside::inside;
use crate::regular_file;

/// An earlier suite.
#[derive(Debug, Default)]
pub(super) struct EarlierApt {
    /// Its packages.
    pub(super) entries: Vec<Entry>,
    /// Its date: the time of its newest package.
    pub(super) date: u32,
    /// Its lists, by path relative to the directory of the suite.
    pub(super) lists: BTreeMap<String, Vec<u8>>,
}

/// Reads the suite in `folder`, whose packages have the times that `time_of` knows by their paths; `None` if there is none,
/// and what is wrong if it is not one by `key`.
pub(super) fn read_apt(
    folder: &Path,
    key: &PublicPackageKey,
    time_of: impl Fn(&str) -> Option<u32>,
) -> Result<Option<EarlierApt>, String> {
    let message = match regular_file::read_text(&folder.join("InRelease"), LARGEST_METADATA) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("could not read InRelease: {error}")),
    };
    let release = key
        .verify_message(&message)
        .ok_or("the signature of InRelease is by another key")?;
    let date = field(&release, "Date").and_then(|date| parse_date(&date));
    let mut earlier = EarlierApt {
        date: date.ok_or("InRelease has no date")?,
        ..EarlierApt::default()
    };
    let listed = release.lines().filter(|line| line.starts_with(' '));
    for line in listed {
        let words: Vec<_> = line.split_whitespace().collect();
        let [sha256, _, path] = words[..] else {
            return Err("a line of InRelease is not a list".to_owned());
        };
        let content = inside(folder, path)
            .and_then(|path| regular_file::read(&path, LARGEST_METADATA))
            .map_err(|error| format!("could not read {path}: {error}"))?;
        if sha256_hex(&content) != sha256 {
            return Err(format!("{path} is not the one that is signed"));
        }
        if path.ends_with("/Packages") {
            let text = String::from_utf8_lossy(&content);
            for stanza in text.split_inclusive("\n\n") {
                let entry = entry(stanza, &time_of);
                earlier
                    .entries
                    .push(entry.ok_or("a package in it is not described as this tool does")?);
            }
        }
        earlier.lists.insert(path.to_owned(), content);
    }
    Ok(Some(earlier))
}

fn entry(stanza: &str, time_of: impl Fn(&str) -> Option<u32>) -> Option<Entry> {
    let path = field(stanza, "Filename")?;
    Some(Entry {
        name: field(stanza, "Package")?,
        arch: field(stanza, "Architecture")?,
        version: field(stanza, "Version")?,
        sha256: field(stanza, "SHA256")?,
        size: field(stanza, "Size")?.parse().ok()?,
        // A package that is gone has none, and is not listed again.
        time: time_of(&path).unwrap_or_default(),
        path,
        texts: vec![stanza.to_owned()],
    })
}
