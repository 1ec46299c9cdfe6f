//! Makes one package, and moves it to its place in one step.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::PackagingError;
use super::settings::PackageSettings;
use super::{contents, deb, rpm, tarball};
use crate::artifacts::{Manifest, replace_file};
use crate::recipe::PackageFormat;

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
    fs::create_dir_all(out)
        .and_then(|()| replace_file(&path, &packed.bytes, 0o644))
        .map_err(|source| PackagingError::Unwritable {
            path: path.clone(),
            source,
        })?;
    Ok(path)
}
