//! What an apt repository says of a Debian package: its control file, with where it is.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use flate2::read::GzDecoder;

use super::entry::Entry;
use super::error::RepositoryError;
use super::order::RepositoryPackage;

/// Largest control file in bytes.
const LARGEST: u64 = 1 << 20;

/// Reads the Debian package at `at`, which the release has as `package`.
pub(super) fn deb_entry(
    at: &Path,
    package: &RepositoryPackage,
    path: String,
) -> Result<Entry, RepositoryError> {
    let refused = |problem: String| RepositoryError::Deb {
        path: package.path.clone(),
        problem,
    };
    let (time, control) = control_file(at).map_err(|error| refused(error.to_string()))?;
    let required = |name: &str| {
        field(&control, name).ok_or_else(|| refused(format!("its control file has no {name}")))
    };
    let (fields, description) = match control.find("\nDescription:") {
        Some(at) => control.split_at(at + 1),
        None => (control.as_str(), ""),
    };
    // No empty line: it would end what is said of this package.
    if control.trim_end().contains("\n\n") || !fields.ends_with('\n') {
        return Err(refused(
            "its control file has more than one paragraph".to_owned(),
        ));
    }
    let size = package.size;
    let stanza = format!(
        "{fields}Filename: {path}\nSize: {size}\nSHA256: {}\n{}\n\n",
        package.sha256,
        description.trim_end(),
    );
    Ok(Entry {
        name: required("Package")?,
        arch: required("Architecture")?,
        version: required("Version")?,
        sha256: package.sha256.clone(),
        size,
        path,
        time,
        texts: vec![stanza],
    })
}

/// The value of a field of one line.
pub(super) fn field(stanza: &str, name: &str) -> Option<String> {
    let mut lines = stanza.lines();
    let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(value.trim().to_owned())
}

/// The time of the package and its control file.
fn control_file(at: &Path) -> io::Result<(u32, String)> {
    let invalid = |problem: &str| io::Error::new(io::ErrorKind::InvalidData, problem.to_owned());
    let mut archive = ar::Archive::new(File::open(at)?);
    let first = archive
        .next_entry()
        .ok_or_else(|| invalid("it is empty"))??;
    if first.header().identifier() != b"debian-binary" {
        return Err(invalid("it does not begin with debian-binary"));
    }
    let time = u32::try_from(first.header().mtime()).unwrap_or(u32::MAX);
    drop(first);
    let control = archive
        .next_entry()
        .ok_or_else(|| invalid("it has no control archive"))??;
    if control.header().identifier() != b"control.tar.gz" {
        return Err(invalid("its control archive is not control.tar.gz"));
    }
    let mut files = tar::Archive::new(GzDecoder::new(control.take(LARGEST)).take(LARGEST));
    for file in files.entries()? {
        let file = file?;
        if file.path()?.as_os_str() == "./control" || file.path()?.as_os_str() == "control" {
            let mut text = String::new();
            file.take(LARGEST).read_to_string(&mut text)?;
            return Ok((time, text));
        }
    }
    Err(invalid("it has no control file"))
}
