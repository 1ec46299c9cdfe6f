//! The repositories of a release.

use std::path::Path;

use super::error::ReleaseError;
use super::schema::Repositories;
use super::target::Target;
use crate::artifacts::{Index, IndexFile, IndexRepository};
use crate::attestation::PackageKey;
use crate::delivery::repositories::{
    PublishedRepository, REPOSITORIES, RepositoryError, RepositoryKind, RepositoryOrder, commands,
    packages_of_index, publish_repositories, refuse_old_rpm,
};
use crate::recipe::PackageFormat;

/// Refuses repositories that could not be made in the end, before anything is built.
pub(super) fn check_repositories(
    repositories: &Repositories,
    targets: &[Target],
    key: Option<&PackageKey>,
) -> Result<(), ReleaseError> {
    let key = key.ok_or(ReleaseError::NoPackageKey)?;
    let wanted = [
        (&repositories.yum, RepositoryKind::Yum, PackageFormat::Rpm),
        (&repositories.apt, RepositoryKind::Apt, PackageFormat::Deb),
    ];
    for (name, kind, format) in wanted {
        let Some(name) = name else { continue };
        if !targets
            .iter()
            .any(|target| target.packages.contains(&format))
        {
            let (name, ending) = (name.to_string(), kind.ending());
            return Err(RepositoryError::NoPackages { kind, name, ending }.into());
        }
    }
    if let Some(name) = &repositories.yum {
        refuse_old_rpm(name.as_str(), key.public())?;
    }
    Ok(())
}

/// Makes the repositories of the packages that `index` has in the release directory `root`, or brings them up to date.
pub(super) fn write_repositories(
    root: &Path,
    index: &Index,
    repositories: &Repositories,
    key: &PackageKey,
) -> Result<Vec<IndexRepository>, ReleaseError> {
    let order = RepositoryOrder {
        root: root.join(REPOSITORIES),
        yum: repositories.yum.clone(),
        apt: repositories.apt.clone(),
        url: repositories.url.clone(),
        keep: repositories.keep,
        is_dry_run: false,
        key,
        packages: packages_of_index(root, index),
    };
    let published = publish_repositories(&order)?;
    let entry = |repository: PublishedRepository| IndexRepository {
        kind: repository.kind.to_string(),
        commands: commands(&repository, order.url.as_ref()),
        name: repository.name,
        folder: format!("{REPOSITORIES}/{}", repository.folder),
        key: key.public().fingerprint(),
        packages: repository.packages,
        files: repository
            .files
            .into_iter()
            .map(|file| IndexFile {
                path: file.path,
                size: file.size,
                sha256: file.sha256,
            })
            .collect(),
    };
    Ok(published.into_iter().map(entry).collect())
}
