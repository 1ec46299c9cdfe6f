//! The contents of a package: the outputs of the result, compared with the manifest, and the recipe's texts.

use std::path::Path;

use super::content::Content;
use super::error::PackagingError;
use crate::artifacts::{Manifest, ManifestFile};
use crate::recipe::{Package, PackageFile, PackageFormat};
use crate::verify::{Format, GlibcVersion};

/// The files of one package.
pub(super) struct Contents {
    /// Sorted by path.
    pub(super) files: Vec<Entry>,
    /// Directories that exist even when they are empty; absolute paths with a slash
    /// at their ends.
    pub(super) directories: Vec<String>,
    /// The C library that its programs require, if any.
    pub(super) glibc: Option<Glibc>,
}

/// One file.
pub(super) struct Entry {
    /// Absolute path on the node.
    pub(super) path: String,
    pub(super) mode: u16,
    /// Its content; empty for a link.
    pub(super) content: Content,
    /// Sha256 of its content.
    pub(super) sha256: String,
    /// Its target, if it is a symbolic link.
    pub(super) link: Option<String>,
    /// Whether it is a configuration file for the operator to change.
    pub(super) config: bool,
}

/// A version of the GNU C library.
pub(super) struct Glibc {
    /// The lowest sufficient version.
    pub(super) version: GlibcVersion,
    /// Width of its programs in bits.
    pub(super) bits: u8,
}

/// Reads the files of a package of this format.
pub(super) fn read(
    format: PackageFormat,
    package: &Package,
    manifest: &Manifest,
    folder: &Path,
) -> Result<Contents, PackagingError> {
    let mut files = Vec::new();
    let mut glibc: Option<Glibc> = None;
    for file in package.files.iter().filter(|file| file.is_in(format)) {
        let content = match &file.output {
            None => Content::Text(file.text.clone().unwrap_or_default().into_bytes()),
            Some(output) => {
                let published = find(package, manifest, output.value.as_str())?;
                raise(&mut glibc, published);
                Content::of_output(published, folder)?
            }
        };
        files.push(entry(file, content));
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let directories = package.directories.iter();
    Ok(Contents {
        files,
        directories: directories.map(|path| format!("{path}/")).collect(),
        glibc,
    })
}

fn entry(file: &PackageFile, content: Content) -> Entry {
    Entry {
        path: file.path.value.to_string(),
        mode: file.mode(),
        sha256: content.sha256(),
        content,
        link: file.link.as_ref().map(|link| link.as_str().to_owned()),
        config: file.config,
    }
}

fn find<'a>(
    package: &Package,
    manifest: &'a Manifest,
    output: &str,
) -> Result<&'a ManifestFile, PackagingError> {
    let mut files = manifest.files.iter();
    files.find(|file| file.name == output).ok_or_else(|| {
        let known: Vec<_> = manifest
            .files
            .iter()
            .map(|file| file.name.as_str())
            .collect();
        PackagingError::OutputMissing {
            package: package.name.value.to_string(),
            output: output.to_owned(),
            known: known.join(", "),
        }
    })
}

fn raise(glibc: &mut Option<Glibc>, file: &ManifestFile) {
    let Some(version) = &file.findings.glibc else {
        return;
    };
    if glibc.as_ref().is_none_or(|known| known.version < *version) {
        let bits = match file.findings.format {
            Format::Elf { bits, .. } => bits,
            _ => 64,
        };
        *glibc = Some(Glibc {
            version: *version,
            bits,
        });
    }
}

impl Contents {
    /// The list of the package's own files: for each file that is not a configuration file, its sha256, or the target of a
    /// link, and its path.
    pub(super) fn own_files(&self) -> String {
        let files = self.files.iter().filter(|file| !file.config);
        files
            .map(|file| {
                let identity = file.link.as_ref().unwrap_or(&file.sha256);
                format!("{identity}  {}\n", file.path)
            })
            .collect()
    }
}
