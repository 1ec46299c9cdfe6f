//! The packages of releases on disk.

use std::path::PathBuf;

use super::error::RepositoryError;
use super::names::RepositoryKind;
use super::order::RepositoryPackage;
use crate::artifacts::{Index, IndexResult, read_index};
use crate::attestation::{VerifyingKey, audit};
use crate::inside::inside;

/// The packages of the releases in `directories`, each audited first: with `keys`, all of it has to be signed.
///
/// # Errors
/// [`RepositoryError::NoRelease`], [`RepositoryError::Audit`], [`RepositoryError::Problem`].
pub fn packages_of_releases(
    directories: &[PathBuf],
    keys: &[VerifyingKey],
) -> Result<Vec<RepositoryPackage>, RepositoryError> {
    let mut packages = Vec::new();
    for directory in directories {
        let audit = audit(directory, keys)?;
        if let Some(problem) = audit.problems.into_iter().next() {
            return Err(RepositoryError::Problem {
                directory: directory.clone(),
                file: problem.file,
                problem: problem.message,
            });
        }
        let index = read_index(directory).ok_or_else(|| RepositoryError::NoRelease {
            directory: directory.clone(),
        })?;
        packages.extend(packages_of_index(directory, &index));
    }
    Ok(packages)
}

/// The packages that an index has in the release directory `root`.
pub fn packages_of_index(root: &std::path::Path, index: &Index) -> Vec<RepositoryPackage> {
    let mut packages = Vec::new();
    for target in &index.targets {
        let IndexResult::Published { folder, files, .. } = &target.result else {
            continue;
        };
        let kinds = [RepositoryKind::Yum, RepositoryKind::Apt];
        let listed = files.iter().filter(|file| {
            let mut kinds = kinds.into_iter();
            kinds.any(|kind| file.path.ends_with(kind.ending()))
        });
        packages.extend(listed.filter_map(|file| {
            let path = inside(root, folder).and_then(|folder| inside(&folder, &file.path));
            Some(RepositoryPackage {
                path: path.ok()?,
                size: file.size,
                sha256: file.sha256.clone(),
            })
        }));
    }
    packages
}
