//! `SHA256SUMS` files: in the format of `sha256sum -c`, in one strict form.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::checksum::is_sha256;

/// Lines for `sha256sum -c`: digest and path, sorted by path.
pub fn checksum_file(sums: &BTreeMap<String, String>) -> String {
    let mut text = String::new();
    for (name, sha256) in sums {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{sha256}  {name}");
    }
    text
}

/// The digests by path from a text that must be exactly as [`checksum_file`] writes it.
///
/// # Errors
/// The number of the first line, from 1, that is different, and why.
pub fn read_checksum_file(text: &str) -> Result<BTreeMap<String, String>, (usize, &'static str)> {
    let mut sums: BTreeMap<String, String> = BTreeMap::new();
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let bad = |what| (index + 1, what);
        let line = line
            .strip_suffix('\n')
            .ok_or(bad("the last line is not terminated"))?;
        let (sha256, path) = line
            .split_once("  ")
            .filter(|(sha256, path)| is_sha256(sha256) && !path.is_empty())
            .ok_or(bad(
                "expected a sha256 in lower-case letters, two spaces and a path",
            ))?;
        if sums
            .last_key_value()
            .is_some_and(|(last, _)| last.as_str() >= path)
        {
            return Err(bad("the paths are not sorted"));
        }
        sums.insert(path.to_owned(), sha256.to_owned());
    }
    Ok(sums)
}
