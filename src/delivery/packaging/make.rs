//! Makes one package, and moves it to its place in one step.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::error::PackagingError;
use super::file_name::package_file_name;
use super::settings::PackageSettings;
use super::{contents, deb, rpm, tarball};
use crate::artifacts::Manifest;
use crate::checksum::sha256_of;
use crate::recipe::PackageFormat;
use crate::regular_file;

/// Everybody may read a package, and its owner may write it.
const MODE: u32 = 0o644;

/// Makes a package in this format from the result in `folder`, whose manifest is `manifest`. It appears in `out`, which is
/// created if necessary, completely or not at all; an earlier package with the same name is replaced. Returns its path.
/// Neither the outputs nor what they are compressed to are held in memory.
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
    let (version, platform) = (&manifest.version, &manifest.platform);
    let path = out.join(package_file_name(
        format,
        settings.package,
        version,
        platform,
    )?);
    let unwritable = |source| PackagingError::Unwritable {
        path: path.clone(),
        source,
    };
    fs::create_dir_all(out).map_err(unwritable)?;
    let packed = match format {
        PackageFormat::Rpm => rpm::pack(settings, manifest, &contents, out)?,
        PackageFormat::Deb => deb::pack(settings, manifest, &contents, out)?,
        PackageFormat::TarZst => tarball::pack(settings, manifest, &contents, out)?,
    };
    put(packed, &path).map_err(unwritable)?;
    Ok(path)
}

/// Moves a package to its place, on the disk and readable for all. An identical one stays.
fn put(file: NamedTempFile, path: &Path) -> io::Result<()> {
    let sum = |path: &Path| regular_file::open(path).and_then(sha256_of).ok();
    let mode = |path: &Path| {
        fs::symlink_metadata(path)
            .ok()
            .map(|found| found.permissions().mode())
    };
    let is_there = mode(path).is_some_and(|mode| mode & 0o7777 == MODE)
        && sum(path).is_some_and(|there| Some(there) == sum(file.path()));
    if is_there {
        return Ok(());
    }
    file.as_file()
        .set_permissions(Permissions::from_mode(MODE))?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
