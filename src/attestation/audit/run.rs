//! The whole audit.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::auditor::Auditor;
use super::listing::{LONGEST_TEXT, Listing};
use super::outcome::{Audit, AuditError};
use super::sources::Sources;
use crate::artifacts::{INDEX, MANIFEST, SHA256SUMS, read_checksum_file};
use crate::attestation::VerifyingKey;
use crate::regular_file;

/// Compares everything in `folder`, a release directory or the directory of one result, with everything that was recorded
/// about it. With `keys`, every result and the checksums of a release must be signed by one of them. Reads every file,
/// runs none, and uses no network.
///
/// # Errors
/// [`AuditError`] if there is nothing to audit. Problems of the files are in the [`Audit`].
pub fn audit(folder: &Path, keys: &[VerifyingKey]) -> Result<Audit, AuditError> {
    Audit::of(folder, keys, &|| false)
}

impl Audit {
    /// As [`audit()`], until `is_stopped` returns true: then what it found so far is worth nothing.
    ///
    /// # Errors
    /// Those of [`audit()`].
    pub fn of(
        folder: &Path,
        keys: &[VerifyingKey],
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Self, AuditError> {
        audit_until(folder, keys, &BTreeMap::new(), is_stopped)
    }

    /// As [`Audit::of()`] of files that this run has just written into a directory of its own: their digests, by their paths, are
    /// `known` and not made again. The programs among them are judged by their content as ever.
    ///
    /// # Errors
    /// Those of [`audit()`].
    pub fn of_fetched(
        folder: &Path,
        keys: &[VerifyingKey],
        known: &BTreeMap<PathBuf, String>,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Self, AuditError> {
        audit_until(folder, keys, known, is_stopped)
    }

    /// As [`Audit::of()`]; in a directory that is neither a release nor a result, of every release and result below it,
    /// each by itself. Not so with `keys`: what was signed together is a release, and a directory without its index is none,
    /// whoever removed it.
    ///
    /// # Errors
    /// Those of [`audit()`].
    pub fn of_all(
        folder: &Path,
        keys: &[VerifyingKey],
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Vec<Self>, AuditError> {
        let nothing = match Self::of(folder, keys, is_stopped) {
            Err(error @ AuditError::NothingToAudit { .. }) => error,
            audited => return audited.map(|audit| vec![audit]),
        };
        let below = results_below(folder, DEPTH);
        // Sums without what they list are what is left of a release.
        if !keys.is_empty() || below.is_empty() || folder.join(SHA256SUMS).exists() {
            return Err(nothing);
        }
        let below = below.iter();
        below
            .map(|folder| Self::of(folder, keys, is_stopped))
            .collect()
    }
}

/// How many directories below one the results in it are: of a recipe, a version and a platform.
const DEPTH: u32 = 3;

fn audit_until(
    folder: &Path,
    keys: &[VerifyingKey],
    known: &BTreeMap<PathBuf, String>,
    is_stopped: &dyn Fn() -> bool,
) -> Result<Audit, AuditError> {
    let is_release = is_release(folder)?;
    let mut audit = Audit {
        folder: folder.display().to_string(),
        ..Audit::default()
    };
    let listing = Listing::read(folder, known, is_stopped, &mut audit)?;
    audit.files = listing.paths().count();
    let mut auditor = Auditor {
        listing,
        keys,
        is_stopped,
        sources: Sources::default(),
        audit,
    };
    if is_release {
        auditor.release();
    } else {
        auditor.result("");
        auditor.require_signed();
    }
    let Auditor {
        listing,
        sources,
        mut audit,
        ..
    } = auditor;
    sources.compare_all(&listing, &mut audit);
    audit.sort();
    Ok(audit)
}

/// Decided by the files that exist; without an index and a manifest, by the files that the checksums list.
fn is_release(folder: &Path) -> Result<bool, AuditError> {
    fs::read_dir(folder).map_err(|source| AuditError::Unreadable {
        path: folder.to_owned(),
        source,
    })?;
    if folder.join(INDEX).exists() || folder.join(MANIFEST).exists() {
        return Ok(folder.join(INDEX).exists());
    }
    let sums = regular_file::read_text(&folder.join(SHA256SUMS), LONGEST_TEXT).ok();
    let sums = sums.and_then(|text| read_checksum_file(&text).ok());
    match sums {
        Some(sums) if sums.contains_key(INDEX) => Ok(true),
        Some(sums) if sums.contains_key(MANIFEST) => Ok(false),
        _ => Err(AuditError::NothingToAudit {
            path: folder.to_owned(),
            result: results_below(folder, DEPTH).into_iter().next(),
        }),
    }
}

/// The releases and results at most `depth` directories below, sorted. Links are not followed.
fn results_below(folder: &Path, depth: u32) -> Vec<PathBuf> {
    if folder.join(INDEX).is_file() || folder.join(MANIFEST).is_file() {
        return vec![folder.to_owned()];
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut folders: Vec<_> = entries
        .filter(|entry| depth > 0 && entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect();
    folders.sort();
    folders
        .iter()
        .flat_map(|folder| results_below(folder, depth - 1))
        .collect()
}
