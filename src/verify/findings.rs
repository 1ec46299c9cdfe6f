//! The findings about one file.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::glibc::GlibcVersion;
use super::kmem::Kmem;
use super::linkage::Linkage;

/// Everything found in one file, of any kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Findings {
    /// The file's name without its directory.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 of the content in lower-case hexadecimal.
    pub sha256: String,
    /// The kind of file.
    pub format: Format,
    /// Go's name of the architecture (`amd64`, `arm64`, `386`, `arm`, ...); `None` if not a program, or unknown to Go.
    pub architecture: Option<String>,
    /// How it is linked; `None` if not a complete program.
    pub linkage: Option<Linkage>,
    /// The highest glibc version that it requires; `None` for static programs and those without glibc.
    pub glibc: Option<GlibcVersion>,
    /// Required glibc symbol versions without a number, e.g. `GLIBC_PRIVATE`.
    pub glibc_unnumbered: Vec<String>,
    /// The evidence about kernel-memory accounting.
    pub kmem: Kmem,
}

/// The kind of file. Only a complete ELF program can pass the checks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub enum Format {
    /// A complete ELF program.
    Elf {
        /// 32 or 64.
        bits: u8,
        /// The instruction set for people, e.g. `x86-64`.
        machine: String,
    },
    /// An ELF file that cannot be started: an object file, a shared library, a core dump.
    NotAProgram {
        /// What it is.
        what: String,
    },
    /// Some other file.
    NotElf {
        /// What it is, e.g. `an empty file`, `a text file`.
        what: String,
    },
    /// It starts like an ELF file but is incomplete: truncated or overwritten.
    Damaged {
        /// What is inconsistent.
        reason: String,
    },
}

impl fmt::Display for Format {
    /// For people: `a text file`, `an incomplete ELF file: truncated header`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elf { bits, machine } => {
                write!(f, "a complete {bits}-bit ELF program for {machine}")
            }
            Self::NotAProgram { what } | Self::NotElf { what } => f.write_str(what),
            Self::Damaged { reason } => write!(f, "an incomplete ELF file: {reason}"),
        }
    }
}

impl Format {
    /// Whether it is a complete ELF program.
    pub fn is_program(&self) -> bool {
        matches!(self, Self::Elf { .. })
    }
}
