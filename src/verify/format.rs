//! The kind of a file, by its first bytes, and the check that it is a complete program.

use super::check::{Check, CheckName, Outcome};
use super::findings::Findings;

/// How many bytes from the start are enough.
pub(super) const HEAD: usize = 4096;

/// The first bytes of every ELF file.
pub(crate) const ELF_MAGIC: &[u8] = b"\x7fELF";

/// First bytes of other files that may be given instead of a binary.
const BEGINNINGS: [(&[u8], &str); 10] = [
    (b"#!", "a script"),
    (b"MZ", "a Windows program"),
    (b"\xcf\xfa\xed\xfe", "a macOS program"),
    (b"\xca\xfe\xba\xbe", "a macOS universal program"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"PK\x03\x04", "a zip archive"),
    (b"!<arch>\n", "a static library or a package"),
    (b"version https://git-lfs", "a Git LFS pointer"),
];

/// Describes a file that does not start like an ELF file.
pub(super) fn describe(head: &[u8]) -> &'static str {
    if head.is_empty() {
        return "an empty file";
    }
    if let Some((_, what)) = BEGINNINGS
        .iter()
        .find(|(beginning, _)| head.starts_with(beginning))
    {
        return what;
    }
    if head.iter().all(|byte| *byte == 0) {
        return "a file of zeros";
    }
    if is_text(head) {
        return "a text file";
    }
    "data of an unknown kind"
}

/// The head may end in the middle of a character, so an incomplete last one is still text.
fn is_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.is_empty()
        && text
            .chars()
            .all(|character| !character.is_control() || "\n\r\t\x0c\x1b".contains(character))
}

/// A file that is not a complete program fails, whatever texts it contains.
pub(super) fn check(findings: &Findings) -> Check {
    Check {
        name: CheckName::Format,
        outcome: Outcome::passed_if(findings.format.is_program()),
        expected: "a complete ELF program".to_owned(),
        found: findings.format.to_string(),
        evidence: vec![format!(
            "{} bytes, sha256 {}",
            findings.size, findings.sha256
        )],
    }
}
