//! Detects the form of the text and reads it.

use super::error::LikeError;
use super::reported::Like;
use super::text::TextOrigin;
use super::{document, text};
use crate::verify::ELF_MAGIC;

/// Maximum size of a text, in bytes; `kubectl version` prints a few hundred.
pub const LARGEST_TEXT: u64 = 1 << 20;

/// Most versions of a cluster that are named: who has more sees what is wrong by these.
const MOST_NAMED: usize = 16;

/// Reads the output of one of the supported commands: the JSON or YAML of `kubectl version` or of `kubectl get node`,
/// the text of `kubectl version`, `kubelet --version` (also `=raw`) or `runc --version`.
///
/// # Errors
/// A [`LikeError`]: what the text is instead, or what is missing in it.
pub fn read(bytes: &[u8]) -> Result<Like, LikeError> {
    read_from(bytes, TextOrigin::User)
}

pub(super) fn read_from(bytes: &[u8], origin: TextOrigin) -> Result<Like, LikeError> {
    if bytes.len() as u64 > LARGEST_TEXT {
        return Err(LikeError::TooLarge {
            limit: LARGEST_TEXT,
        });
    }
    if bytes.starts_with(ELF_MAGIC) {
        return Err(LikeError::Program);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| LikeError::NoText)?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err(LikeError::Empty);
    }
    if text.contains('\0') {
        return Err(LikeError::NoText);
    }
    let found = if text.starts_with(['{', '[']) {
        document::read_json(text)?
    } else if document::is_yaml(text) {
        document::read_yaml(text)?
    } else {
        text::read(text, origin)?
    };
    only_one(found)
}

/// The version that all of them have; several nodes may be equal.
fn only_one(mut found: Vec<Like>) -> Result<Like, LikeError> {
    let last = found.pop().ok_or(LikeError::Empty)?;
    if found.iter().all(|like| *like == last) {
        return Ok(last);
    }
    found.push(last);
    let mut names: Vec<String> = Vec::new();
    for name in found.iter().map(Like::to_string) {
        if names.contains(&name) {
            continue;
        }
        if names.len() == MOST_NAMED {
            names.push("and others".to_owned());
            break;
        }
        names.push(name);
    }
    Err(LikeError::Several { found: names })
}
