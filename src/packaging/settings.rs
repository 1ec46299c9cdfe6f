//! What all forms of packages have in common.

use crate::artifacts::{Manifest, ManifestSource};
use crate::plan::PlannedSource;
use crate::recipe::Package;

/// How a result is packaged.
#[derive(Debug, Clone, Copy)]
pub struct PackageSettings<'a> {
    /// The recipe's section on packages.
    pub package: &'a Package,
    /// Time of every file and of the package, in seconds since the Unix epoch: that of the source's commit, 0 where there
    /// is none.
    pub modified: u32,
}

impl<'a> PackageSettings<'a> {
    /// Those for a result of `source`: its files have the time of the commit, or 0 where the source is no commit.
    pub fn new(package: &'a Package, source: &PlannedSource) -> Self {
        let modified = match source {
            // Packages cannot tell times from before 1970.
            PlannedSource::Git { modified, .. } => u32::try_from(*modified).unwrap_or_default(),
            PlannedSource::Directory { .. } => 0,
        };
        Self { package, modified }
    }
}

/// A package in memory.
pub(super) struct Packed {
    pub(super) file_name: String,
    pub(super) bytes: Vec<u8>,
}

/// The lines that tell an operator what is in a package.
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
        "{text}\n\nBuilt from {}.\nWhat it replaces on a node is put back when it is removed, and meanwhile in\n/usr/lib/kmembuild/previous/{}.",
        source.trim_end(),
        package.name.value
    )
}
