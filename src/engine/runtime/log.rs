//! What programs say in the directory of a session.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::regular_file;

/// Name of the file.
const LOG: &str = "runtime.log";
/// Largest part of it that is read, in bytes.
const LARGEST: u64 = 1 << 20;
/// Characters of it that are told.
const LONGEST_REASON: usize = 2000;

/// The file, in the directory of this process.
pub(super) fn log() -> io::Result<File> {
    File::options().create(true).append(true).open(LOG)
}

/// The end of what was said.
pub(super) fn last_words() -> String {
    let text = regular_file::read(Path::new(LOG), LARGEST).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let text: Vec<char> = text.trim().chars().filter(|c| !c.is_control()).collect();
    text[text.len().saturating_sub(LONGEST_REASON)..]
        .iter()
        .collect()
}
