//! The whole audit.

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
        audit_until(folder, keys, is_stopped)
    }
}

fn audit_until(
    folder: &Path,
    keys: &[VerifyingKey],
    is_stopped: &dyn Fn() -> bool,
) -> Result<Audit, AuditError> {
    let is_release = is_release(folder)?;
    let mut audit = Audit {
        folder: folder.display().to_string(),
        ..Audit::default()
    };
    let listing = Listing::read(folder, is_stopped, &mut audit)?;
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
            result: some_result(folder, 3),
        }),
    }
}

/// A result at most `depth` directories below, for a hint.
fn some_result(folder: &Path, depth: u32) -> Option<PathBuf> {
    if folder.join(MANIFEST).is_file() {
        return Some(folder.to_owned());
    }
    let mut folders: Vec<_> = fs::read_dir(folder)
        .ok()?
        .flatten()
        .filter(|entry| depth > 0 && entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect();
    folders.sort();
    folders
        .iter()
        .find_map(|folder| some_result(folder, depth - 1))
}
