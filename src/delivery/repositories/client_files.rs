//! What a node needs to use a repository: files with its settings.

use std::path::Path;

use super::error::RepositoryError;
use super::names::{APT, COMPONENT, KEY_FILE, REPO_FILE, RepositoryKind, SOURCES_FILE, YUM};
use crate::artifacts::replace_file;
use crate::attestation::PublicPackageKey;
use crate::recipe::RepositoryUrl;

/// What stands for the URL where nobody said which it is.
pub(super) const NO_URL: &str = "@URL@";

/// Where a node has the key of a yum repository.
pub(super) const YUM_KEY: &str = "/etc/pki/rpm-gpg/RPM-GPG-KEY-kmembuild";
/// Where a node has the key of an apt repository.
pub(super) const APT_KEY: &str = "/usr/share/keyrings/kmembuild.asc";

/// Writes the settings and the key into `root`, the directory of the repository.
pub(super) fn write_client_files(
    root: &Path,
    kind: RepositoryKind,
    name: &str,
    url: Option<&RepositoryUrl>,
    key: &PublicPackageKey,
) -> Result<(), RepositoryError> {
    let url = url.map_or(NO_URL, RepositoryUrl::as_str);
    let (file, settings) = match kind {
        RepositoryKind::Yum => (
            REPO_FILE,
            format!(
                "[kmembuild]\nname=runc and kubelet without kernel-memory accounting\nbaseurl={url}/{YUM}/{name}\n\
                 enabled=1\ngpgcheck=1\nrepo_gpgcheck=1\ngpgkey=file://{YUM_KEY}\n"
            ),
        ),
        RepositoryKind::Apt => (
            SOURCES_FILE,
            format!(
                "Types: deb\nURIs: {url}/{APT}\nSuites: {name}\nComponents: {COMPONENT}\nSigned-By: {APT_KEY}\n"
            ),
        ),
    };
    for (file, text) in [(file, settings), (KEY_FILE, key.to_armor())] {
        let path = root.join(file);
        replace_file(&path, text.as_bytes(), 0o644).map_err(RepositoryError::unwritable(&path))?;
    }
    Ok(())
}
