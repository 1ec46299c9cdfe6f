//! The packages of releases on disk.

use std::path::{Path, PathBuf};

use super::error::RepositoryError;
use super::names::RepositoryKind;
use super::order::RepositoryPackage;
use crate::artifacts::{
    CHECKSUMS_MINISIG, CHECKSUMS_SIG, INDEX, Index, IndexResult, SHA256SUMS, read_checksum_file,
    read_index,
};
use crate::attestation::{VerifyingKey, verify_checksums};
use crate::checksum::sha256_hex;
use crate::inside::inside;
use crate::regular_file;

/// Largest index, list of checksums and signature in bytes.
const LARGEST: u64 = 64 << 20;

/// The packages of the releases in `directories`. The checksums of each have to be signed by one of `keys`, if there are any,
/// and have to have the index and the packages. The packages themselves are compared when they are copied.
///
/// # Errors
/// [`RepositoryError::NoRelease`], [`RepositoryError::Problem`].
pub fn packages_of_releases(
    directories: &[PathBuf],
    keys: &[VerifyingKey],
) -> Result<Vec<RepositoryPackage>, RepositoryError> {
    let mut packages = Vec::new();
    for directory in directories {
        let problem = |file: &str, problem: String| RepositoryError::Problem {
            directory: directory.clone(),
            file: file.to_owned(),
            problem,
        };
        let read = |name: &str| {
            regular_file::read_text(&directory.join(name), LARGEST)
                .map_err(|error| problem(name, format!("could not read it: {error}")))
        };
        let index = read_index(directory).ok_or_else(|| RepositoryError::NoRelease {
            directory: directory.clone(),
        })?;
        let sums = read(SHA256SUMS)?;
        if !keys.is_empty() {
            let mut names = [CHECKSUMS_MINISIG, CHECKSUMS_SIG].into_iter();
            let signed = names.find(|name| directory.join(name).exists());
            let name = signed.ok_or_else(|| problem(SHA256SUMS, "not signed".to_owned()))?;
            verify_checksums(sums.as_bytes(), name, &read(name)?, keys)
                .map_err(|error| problem(name, error.to_string()))?;
        }
        let sums = read_checksum_file(&sums)
            .map_err(|(line, error)| problem(SHA256SUMS, format!("line {line}: {error}")))?;
        if sums.get(INDEX) != Some(&sha256_hex(read(INDEX)?.as_bytes())) {
            return Err(problem(INDEX, format!("does not match {SHA256SUMS}")));
        }
        for package in packages_of_index(directory, &index) {
            let name = package.path.strip_prefix(directory).ok();
            let name = name.and_then(Path::to_str).unwrap_or_default();
            if sums.get(name) != Some(&package.sha256) {
                return Err(problem(name, format!("does not match {SHA256SUMS}")));
            }
            packages.push(package);
        }
    }
    Ok(packages)
}

/// The packages that an index has in the release directory `root`.
pub fn packages_of_index(root: &Path, index: &Index) -> Vec<RepositoryPackage> {
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
