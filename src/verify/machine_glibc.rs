//! The C library of a machine: its own programs start with that one, whatever others have.
//!
//! Its version is read from the text that it prints when it is run (`GNU C Library (Debian GLIBC 2.36-9) stable release version
//! 2.36.`). It is not run.

use std::fs;
use std::path::{Path, PathBuf};

use super::glibc_version::GlibcVersion;
use super::inspect::read_architecture;
use crate::regular_file;

/// Its file in every distribution.
const FILE: &str = "libc.so.6";
/// Directories of libraries; Debian's have one below them for each architecture.
const DIRECTORIES: [&str; 7] = [
    "lib64",
    "usr/lib64",
    "lib",
    "usr/lib",
    "lib32",
    "usr/lib32",
    "libx32",
];
/// Most bytes of it; real ones have 2 MiB.
const LARGEST: u64 = 64 << 20;
const BEGINNING: &[u8] = b"GNU C Library (";
const BEFORE_VERSION: &[u8] = b" release version ";
/// Within so many bytes of its beginning the text has the version.
const NEAR: usize = 300;

/// The C library of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineGlibc {
    /// Its file.
    pub path: PathBuf,
    /// Its version.
    pub version: GlibcVersion,
}

impl MachineGlibc {
    /// That of the machine whose file system is at `root`, for programs of an architecture, by Go's name. `None` where there
    /// is none that says its version.
    pub fn find(root: &Path, architecture: &str) -> Option<Self> {
        let mut of_architecture = candidates(root).into_iter().filter(
            |path| matches!(read_architecture(path), Ok(Ok(Some(found))) if found == architecture),
        );
        of_architecture.find_map(|path| {
            let version = version(&regular_file::read(&path, LARGEST).ok()?)?;
            Some(Self { path, version })
        })
    }
}

/// Where the file may be.
fn candidates(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for directory in DIRECTORIES.map(|directory| root.join(directory)) {
        found.push(directory.join(FILE));
        let entries = fs::read_dir(&directory).into_iter().flatten().flatten();
        let mut below: Vec<_> = entries
            .filter(|entry| entry.file_name().to_string_lossy().contains("-linux-gnu"))
            .map(|entry| entry.path().join(FILE))
            .collect();
        below.sort();
        found.extend(below);
    }
    found
}

/// The version in the text that a C library prints.
fn version(bytes: &[u8]) -> Option<GlibcVersion> {
    let start = position(bytes, BEGINNING)?;
    let text = &bytes[start..bytes.len().min(start + NEAR)];
    let number = position(text, BEFORE_VERSION)? + BEFORE_VERSION.len();
    let is_part = |byte: &&u8| byte.is_ascii_digit() || **byte == b'.';
    let number: Vec<_> = text[number..].iter().take_while(is_part).copied().collect();
    // A full stop ends the sentence.
    String::from_utf8(number)
        .ok()?
        .trim_end_matches('.')
        .parse()
        .ok()
}

fn position(bytes: &[u8], of: &[u8]) -> Option<usize> {
    bytes.windows(of.len()).position(|part| part == of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_every_distribution_has_the_version() {
        for (text, expected) in [
            (
                "\0GNU C Library (GNU libc) stable release version 2.17, by Roland McGrath et al.",
                Some("2.17"),
            ),
            (
                "x\0GNU C Library (Debian GLIBC 2.36-9+deb12u10) stable release version 2.36.\nCopyright",
                Some("2.36"),
            ),
            (
                "GNU C Library (Ubuntu GLIBC 2.23-0ubuntu11) stable release version 2.23, by Roland",
                Some("2.23"),
            ),
            (
                "GNU C Library (GNU libc) development release version 2.39.9000.\n",
                Some("2.39.9000"),
            ),
            ("GNU C Library (GNU libc) stable release version ", None),
            ("GNU C Library (cut", None),
            ("musl libc (x86_64)", None),
            ("", None),
        ] {
            let found = version(text.as_bytes()).map(|version| version.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }
}
