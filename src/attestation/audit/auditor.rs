//! What the parts of an audit work with.

use std::ops::RangeInclusive;

use serde::de::DeserializeOwned;

use super::listing::Listing;
use super::outcome::Audit;
use super::sources::Sources;
use crate::artifacts::read_checksum_file;
use crate::attestation::VerifyingKey;

/// An audit under way.
pub(super) struct Auditor<'a> {
    /// The files of the directory.
    pub(super) listing: Listing,
    /// The user's keys, one of which must have signed everything that is signed.
    pub(super) keys: &'a [VerifyingKey],
    /// Whether nobody waits for the outcome any more.
    pub(super) is_stopped: &'a dyn Fn() -> bool,
    /// What the sources read so far claim.
    pub(super) sources: Sources,
    /// What was found so far.
    pub(super) audit: Audit,
}

impl Auditor<'_> {
    /// Reads a document, whose format must be one of those that are known.
    pub(super) fn document<T: DeserializeOwned>(
        &mut self,
        path: &str,
        format: fn(&T) -> u32,
        known: RangeInclusive<u32>,
    ) -> Option<T> {
        let document: T = self.listing.document(path, &mut self.audit)?;
        let found = format(&document);
        if known.contains(&found) {
            return Some(document);
        }
        let known = if known.start() == known.end() {
            format!("format {}", known.start())
        } else {
            format!("formats {} to {}", known.start(), known.end())
        };
        let message = format!(
            "it has format {found}, but this version of kmembuild reads {known}; use the version that wrote it"
        );
        self.audit.integrity(path, message);
        None
    }

    /// Whether the directory has the file `path`, which every result must have.
    pub(super) fn require(&mut self, path: &str) -> bool {
        let is_there = self.listing.get(path).is_some();
        if !is_there {
            self.audit
                .integrity(path, "missing, but required for every result");
        }
        is_there
    }

    /// Reads a list of checksums, which must list all files in its directory.
    pub(super) fn add_checksums(&mut self, path: &str) {
        let folder = &path[..path.rfind('/').map_or(0, |at| at + 1)];
        let Some(text) = self.listing.text(path, &mut self.audit) else {
            if self.listing.get(path).is_none() {
                self.audit.integrity(path, "missing");
            }
            return;
        };
        match read_checksum_file(&text) {
            Ok(sums) => {
                for (name, sha256) in sums {
                    let name = format!("{folder}{name}");
                    self.sources.add(path, name, &sha256, None);
                }
                self.sources.add_complete(path, folder);
            }
            Err((line, problem)) => {
                self.audit
                    .integrity(path, format!("line {line}: {problem}"));
            }
        }
    }
}
