//! Makes one package, and moves it to its place in one step.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::error::PackagingError;
use super::{contents, deb, rpm, tarball};
use crate::artifacts::{Manifest, ManifestSource};
use crate::plan::PlannedSource;
use crate::recipe::{Package, PackageFormat};

/// The settings for packaging a result.
#[derive(Debug, Clone, Copy)]
pub struct PackageSettings<'a> {
    /// The recipe's `package:` section.
    pub package: &'a Package,
    /// The time of every file and of the package, in seconds since the Unix epoch: the time of the source's commit, or 0 if
    /// there is none.
    pub modified: u32,
}

impl<'a> PackageSettings<'a> {
    /// The settings for a result of `source`: files have the time of the commit, or 0 if the source is not a commit.
    pub fn new(package: &'a Package, source: &PlannedSource) -> Self {
        let modified = match source {
            // Packages cannot represent times before 1970.
            PlannedSource::Git { modified, .. } => u32::try_from(*modified).unwrap_or_default(),
            PlannedSource::Folder { .. } => 0,
        };
        Self { package, modified }
    }
}

/// A package in memory.
pub(super) struct Packed {
    pub(super) file_name: String,
    pub(super) bytes: Vec<u8>,
}

/// Makes a package in this format from the result in `folder`, whose manifest is `manifest`. It appears in `out`, which is
/// created if necessary, completely or not at all; an earlier package with the same name is replaced. Returns its path.
/// The outputs are held in memory meanwhile.
///
/// # Errors
/// [`PackagingError`], which says what to do.
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
        ManifestSource::Folder {
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
