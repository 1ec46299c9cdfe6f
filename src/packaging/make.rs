//! Makes one package and puts it into its place in one step.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::error::PackagingError;
use super::{contents, deb, rpm, tarball};
use crate::artifacts::{Manifest, ManifestSource};
use crate::plan::PlannedSource;
use crate::recipe::{Package, PackageFormat};

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

/// Makes a package of this form of the result in `folder`, whose manifest is `manifest`. It is in `out`, which is made
/// if it is not there, as a whole or not at all; an earlier one of the same name is replaced. Returns its path. The
/// outputs are held in memory meanwhile.
///
/// # Errors
/// [`PackagingError`], with what to do.
pub fn package(
    format: PackageFormat,
    settings: &PackageSettings<'_>,
    manifest: &Manifest,
    folder: &Path,
    out: &Path,
) -> Result<PathBuf, PackagingError> {
    let contents = contents::read(format, settings.package, manifest, folder)?;
    let packed = match format {
        PackageFormat::Rpm => rpm::pack(settings, manifest, contents)?,
        PackageFormat::Deb => deb::pack(settings, manifest, &contents)?,
        PackageFormat::TarZst => tarball::pack(settings, manifest, &contents)?,
    };
    let path = out.join(&packed.file_name);
    write(&path, out, &packed.bytes).map_err(|source| PackagingError::Unwritable {
        path: path.clone(),
        source,
    })?;
    Ok(path)
}

fn write(path: &Path, out: &Path, bytes: &[u8]) -> std::io::Result<()> {
    fs::create_dir_all(out)?;
    let mut file = tempfile::Builder::new()
        .prefix(".package-")
        .permissions(fs::Permissions::from_mode(0o644))
        .tempfile_in(out)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
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
