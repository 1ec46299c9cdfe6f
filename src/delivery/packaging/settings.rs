//! What all package formats have in common.

use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

use crate::artifacts::{Manifest, ManifestSource};
use crate::attestation::PackageKey;
use crate::plan::PlannedSource;
use crate::recipe::Package;

/// The settings for packaging a result.
#[derive(Debug, Clone, Copy)]
pub struct PackageSettings<'a> {
    /// The recipe's `package:` section.
    pub package: &'a Package,
    /// The time of every file and of the package, in seconds since the Unix epoch: the time of the source's commit, or 0 if
    /// there is none.
    pub modified: u32,
    /// The key to sign packages with whose format has signatures: rpm. Debian packages are signed by their repository.
    pub key: Option<&'a PackageKey>,
}

impl<'a> PackageSettings<'a> {
    /// The settings for a result of `source`: files have the time of the commit, or 0 if the source is not a commit.
    pub fn new(package: &'a Package, source: &PlannedSource) -> Self {
        let modified = match source {
            // Packages cannot represent times before 1970.
            PlannedSource::Git { modified, .. } => u32::try_from(*modified).unwrap_or_default(),
            PlannedSource::Directory { .. } => 0,
        };
        Self {
            package,
            modified,
            key: None,
        }
    }

    /// The same, signed with `key` if there is one.
    #[must_use]
    pub fn signed_by(self, key: Option<&'a PackageKey>) -> Self {
        Self { key, ..self }
    }
}

/// A file for a package, in the directory where it will be.
pub(super) fn new_package(out: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new()
        .prefix(".kmembuild-")
        .tempfile_in(out)
}

/// The description of a package for operators.
pub(super) fn description(package: &Package, manifest: &Manifest) -> String {
    let source = match &manifest.source {
        ManifestSource::Git {
            commit, unmodified, ..
        } => format!(
            "{}, commit {commit}{}",
            manifest.version,
            if *unmodified { "" } else { ", patched" }
        ),
        ManifestSource::Directory {
            package,
            package_version,
            ..
        } => format!(
            "{} of {package} {}",
            manifest.version,
            package_version.as_deref().unwrap_or_default()
        ),
    };
    let text = package.description.trim_end();
    format!(
        "{text}\n\nBuilt from {}.\nThe files that it replaces are kept in\n/usr/lib/kmembuild/previous/{} and restored when it is removed.",
        source.trim_end(),
        package.name.value
    )
}
