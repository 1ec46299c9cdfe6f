//! The documents of nodes: from files, directories of files, and streams.

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use jiff::Timestamp;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::member::Member;
use crate::events::JSON_FORMAT;
use crate::host::node::NodeDocument;
use crate::regular_file;

/// Most bytes of a document; a node with hundreds of programs has less.
pub(super) const LARGEST: usize = 1 << 20;
/// Most documents of a comparison, and files in a directory.
const MOST: usize = 50_000;
/// Most bytes of everything that comes from one file or stream.
const MOST_BYTES: u64 = 1 << 30;

/// What was read, and what could not be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Documents {
    /// The nodes, of each host the newest document.
    pub members: Vec<Member>,
    /// What could not be read.
    pub unreadable: Vec<Unreadable>,
    /// What was left out because there is a newer document.
    pub duplicates: Vec<Duplicate>,
    /// The index of each host.
    known: std::collections::BTreeMap<String, usize>,
}

/// A document that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Unreadable {
    /// Its file, and the line in it.
    pub place: String,
    /// Why.
    pub reason: String,
}

/// A document of a host of which there is a newer one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Duplicate {
    /// The host.
    pub host: String,
    /// Where the newer one is, which counts.
    pub taken: String,
    /// Where the other one is.
    pub left: String,
}

/// What every document of this tool begins with.
#[derive(Deserialize)]
struct Head {
    format: Option<u64>,
    document: Option<String>,
}

impl Documents {
    /// Adds those in a file, or in the files of a directory; hidden ones are left out.
    pub fn add(&mut self, path: &Path) {
        let place = path.display().to_string();
        if !path.is_dir() {
            return self.add_file(path);
        }
        let files = fs::read_dir(path).and_then(|entries| {
            let paths = entries
                .take(MOST + 1)
                .map(|entry| entry.map(|entry| entry.path()));
            paths.collect::<io::Result<Vec<_>>>()
        });
        let mut files = match files {
            Ok(files) if files.len() > MOST => {
                return self.refuse(place, format!("it has more than {MOST} files"));
            }
            Ok(files) => files,
            Err(error) => return self.refuse(place, error.to_string()),
        };
        files.sort();
        for file in files {
            let name = file.file_name().unwrap_or_default();
            if !name.to_string_lossy().starts_with('.') {
                self.add_file(&file);
            }
        }
    }

    fn add_file(&mut self, path: &Path) {
        let place = path.display().to_string();
        match regular_file::open(path) {
            Ok(file) => self.add_stream(&place, file),
            Err(error) => self.refuse(place, error.to_string()),
        }
    }

    /// Adds those in a stream. Each begins with a brace at the start of a line, so that one that is damaged does not take the
    /// next one with it.
    pub fn add_stream(&mut self, place: &str, stream: impl Read) {
        let mut lines = BufReader::new(stream.take(MOST_BYTES));
        let mut text = Vec::new();
        let (mut first, mut number, mut is_too_large) = (1, 0_u64, false);
        let before = self.found();
        loop {
            let begins = match lines.fill_buf() {
                Ok([]) => break,
                Ok(buffer) => buffer[0] == b'{',
                Err(error) => {
                    return self.refuse(format!("{place}:{}", number + 1), error.to_string());
                }
            };
            if begins {
                self.end(place, first, &text, is_too_large);
                text.clear();
                (first, is_too_large) = (number + 1, false);
                if self.found() >= MOST {
                    let reason = format!("there are more than {MOST} documents");
                    return self.refuse(format!("{place}:{first}"), reason);
                }
            }
            number += 1;
            if let Err(error) = read_line(&mut lines, &mut text, &mut is_too_large) {
                return self.refuse(format!("{place}:{number}"), error.to_string());
            }
        }
        self.end(place, first, &text, is_too_large);
        if self.found() == before {
            self.refuse(place.to_owned(), "it is empty".to_owned());
        }
        if lines.into_inner().limit() == 0 {
            let reason = format!("it has more than {}", bytesize::ByteSize(MOST_BYTES));
            self.refuse(place.to_owned(), reason);
        }
    }

    /// Takes the text of a document, which begins at the line `first`. What stands behind it before the next brace is not
    /// held against it.
    fn end(&mut self, place: &str, first: u64, text: &[u8], is_too_large: bool) {
        if text.trim_ascii().is_empty() {
            return;
        }
        let at = |line: u64| format!("{place}:{line}");
        let text = match split(text) {
            Some((document, behind)) => {
                if is_too_large || !behind.trim_ascii().is_empty() {
                    let lines = document.split(|&byte| byte == b'\n').count() as u64 - 1;
                    let reason = "there is something else behind the document".to_owned();
                    self.refuse(at(first + lines), reason);
                }
                document
            }
            None if is_too_large => {
                let reason = format!("it has more than {}", bytesize::ByteSize(LARGEST as u64));
                return self.refuse(at(first), reason);
            }
            // What is wrong with it is told by who reads it.
            None => text,
        };
        match read(text, at(first)) {
            Ok(member) => self.take(member),
            Err((line, reason)) => self.refuse(at(first + line.saturating_sub(1)), reason),
        }
    }

    /// Adds a node, unless a newer document of it is known.
    pub(super) fn take(&mut self, member: Member) {
        let Some(&index) = self.known.get(&member.host) else {
            self.known.insert(member.host.clone(), self.members.len());
            self.members.push(member);
            return;
        };
        let known = &mut self.members[index];
        let newer: fn(&Member) -> Option<Timestamp> = |member| member.time;
        let left = if newer(&member) > newer(known) {
            std::mem::replace(known, member)
        } else {
            member
        };
        self.duplicates.push(Duplicate {
            host: left.host,
            taken: known.place.clone(),
            left: left.place,
        });
    }

    /// How many there are, read or not.
    fn found(&self) -> usize {
        self.members.len() + self.unreadable.len() + self.duplicates.len()
    }

    /// Adds what could not be read.
    fn refuse(&mut self, place: String, reason: String) {
        self.unreadable.push(Unreadable { place, reason });
    }
}

/// The JSON value that a text begins with, and what is behind it.
pub(super) fn split(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    Some(text.split_at(values.byte_offset()))
}

/// Adds a line to `text`, as far as there is room for it; the rest of it is passed over.
fn read_line(
    lines: &mut impl BufRead,
    text: &mut Vec<u8>,
    is_too_large: &mut bool,
) -> io::Result<()> {
    loop {
        let buffer = lines.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let end = buffer.iter().position(|&byte| byte == b'\n');
        let used = end.map_or(buffer.len(), |end| end + 1);
        if text.len() + used > LARGEST {
            *is_too_large = true;
        }
        if !*is_too_large {
            text.extend_from_slice(&buffer[..used]);
        } else if text.is_empty() {
            // Something was there, which is told.
            text.push(b'?');
        }
        lines.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}

/// Reads one document. The error is its line, counted from 1, and the reason.
pub(super) fn read(text: &[u8], place: String) -> Result<Member, (u64, String)> {
    let malformed = |error: serde_json::Error| {
        let reason: String = error.to_string().chars().take(200).collect();
        // What is cut off is told of where it begins.
        let line = if error.is_eof() { 1 } else { error.line() };
        (line as u64, reason)
    };
    let other = || {
        let reason = "it is not a document of `kmembuild node --format json`";
        (1, reason.to_owned())
    };
    if !text.trim_ascii_start().starts_with(b"{") {
        return Err(other());
    }
    let head: Head = serde_json::from_slice(text).map_err(malformed)?;
    if head.document.as_deref() != Some("node") {
        return Err(other());
    }
    match head.format {
        Some(format) if format == u64::from(JSON_FORMAT) => {}
        Some(format) => {
            let reason = format!(
                "it has format {format}, but this version of kmembuild reads format {JSON_FORMAT}; use the same version on all nodes"
            );
            return Err((1, reason));
        }
        None => return Err((1, "it has no format".to_owned())),
    }
    let document: NodeDocument = serde_json::from_slice(text).map_err(malformed)?;
    Member::of(&document, place).map_err(|reason| (1, reason))
}
