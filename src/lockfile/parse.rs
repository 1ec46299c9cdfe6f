//! Reads and writes the text of the file.

use super::types::{LOCKFILE_FORMAT, Lockfile};
use crate::recipe::{parse_yaml, to_yaml};

/// Reads a lock file; `file` is its name for messages.
///
/// # Errors
/// A message with place and reason.
pub fn parse_lockfile(file: &str, text: &str) -> Result<Lockfile, String> {
    let lockfile: Lockfile = parse_yaml(file, text).map_err(|error| error.to_string())?;
    if lockfile.format != LOCKFILE_FORMAT {
        return Err(format!(
            "{file}: format {} is not supported; this version of kmembuild reads format {LOCKFILE_FORMAT}",
            lockfile.format
        ));
    }
    Ok(lockfile)
}

/// The text of a lock file.
///
/// # Errors
/// The error of the YAML library.
pub fn render_lockfile(lockfile: &Lockfile) -> Result<String, String> {
    let text = to_yaml(lockfile)?;
    Ok(format!(
        "# Written by `kmembuild lock`; keep it next to the release file, under version control.\n{text}"
    ))
}
