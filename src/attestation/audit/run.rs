//! The audit as a whole.

use std::fs;
use std::path::{Path, PathBuf};

use super::listing::Listing;
use super::outcome::{Audit, AuditError};
use super::release::audit_release;
use super::result::audit_result;
use super::witnesses::Witnesses;
use crate::artifacts::{INDEX, MANIFEST, SHA256SUMS, read_checksum_file};
use crate::attestation::VerifyingKey;

/// Holds everything in `folder`, a release folder or the folder of one result, against all that is said about it. With
/// `keys`, every result and the checksums of a release have to be signed by one of them. Reads every file, runs none, and asks nobody.
///
/// # Errors
/// [`AuditError`] when there is nothing that could be audited. What is wrong with the files is in the [`Audit`].
pub fn audit(folder: &Path, keys: &[VerifyingKey]) -> Result<Audit, AuditError> {
    let is_release = is_release(folder)?;
    let mut audit = Audit {
        folder: folder.display().to_string(),
        ..Audit::default()
    };
    let listing = Listing::read(folder, &mut audit)?;
    audit.files = listing.paths().count();
    let mut witnesses = Witnesses::default();
    if is_release {
        audit_release(&listing, keys, &mut witnesses, &mut audit);
    } else {
        audit_result(&listing, "", keys, &mut witnesses, &mut audit);
    }
    witnesses.hear(&listing, &mut audit);
    audit.sort();
    Ok(audit)
}

/// Told by what is there; where both the index and the manifest are gone, by what the checksums say should be there.
fn is_release(folder: &Path) -> Result<bool, AuditError> {
    fs::read_dir(folder).map_err(|source| AuditError::Unreadable {
        path: folder.to_owned(),
        source,
    })?;
    if folder.join(INDEX).exists() || folder.join(MANIFEST).exists() {
        return Ok(folder.join(INDEX).exists());
    }
    let sums = fs::read_to_string(folder.join(SHA256SUMS)).ok();
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

/// A result at most `depth` folders down, for a hint.
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
