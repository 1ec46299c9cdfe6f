//! What was found in one file.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::glibc::GlibcVersion;
use super::kmem::Kmem;
use super::linkage::Linkage;

/// Everything found in one file, whatever kind of file it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Findings {
    /// The file's name without its folder.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 of the content in lower-case hexadecimal.
    pub sha256: String,
    /// What kind of file it is.
    pub format: Format,
    /// Architecture in Go's terms (`amd64`, `arm64`, `386`, `arm`, ...); none when not a program or not known to Go.
    pub architecture: Option<String>,
    /// How it is linked; none when not a whole program.
    pub linkage: Option<Linkage>,
    /// The highest numbered glibc version it asks for; none for static programs and those without glibc.
    pub glibc: Option<GlibcVersion>,
    /// What it asks of glibc that has no number, e.g. `GLIBC_PRIVATE`.
    pub glibc_unnumbered: Vec<String>,
    /// What was found about kernel-memory accounting.
    pub kmem: Kmem,
}

/// What kind of file it is. Only a whole ELF program can pass a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub enum Format {
    /// A whole ELF program.
    Elf {
        /// 32 or 64.
        bits: u8,
        /// The instruction set in words, e.g. `x86-64`.
        machine: String,
    },
    /// An ELF file that no one can start: an object file, a shared library, a core dump.
    NotAProgram {
        /// What it is.
        what: String,
    },
    /// Some other file.
    NotElf {
        /// What it is, e.g. `an empty file`, `a text file`.
        what: String,
    },
    /// It begins as an ELF file and is not a whole one: cut short or overwritten.
    Damaged {
        /// What does not add up.
        reason: String,
    },
}

impl fmt::Display for Format {
    /// In words: `a text file`, `an ELF file that is not whole: its header is cut short`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elf { bits, machine } => {
                write!(f, "a whole {bits}-bit ELF program for {machine}")
            }
            Self::NotAProgram { what } | Self::NotElf { what } => f.write_str(what),
            Self::Damaged { reason } => write!(f, "an ELF file that is not whole: {reason}"),
        }
    }
}

impl Format {
    /// Whether it is a whole ELF program.
    pub fn is_program(&self) -> bool {
        matches!(self, Self::Elf { .. })
    }
}
