//! The findings about one file.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::glibc_version::GlibcVersion;

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
    /// Why the headers need not describe the program that runs; `None` if nothing speaks against them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packing: Option<Packing>,
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

/// How a program is linked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub enum Linkage {
    /// It needs neither an interpreter nor a library.
    Static,
    /// The same, and it can be loaded at any address.
    StaticPie,
    /// It needs an interpreter or libraries of the host.
    Dynamic {
        /// The loader that it requires, e.g. `/lib64/ld-linux-x86-64.so.2`.
        interpreter: Option<String>,
        /// The libraries that it requires, in its order. A position-independent Go program may need none.
        needed: Vec<String>,
    },
}

impl Linkage {
    /// Whether it starts without any library of the host.
    pub fn is_static(&self) -> bool {
        !matches!(self, Self::Dynamic { .. })
    }

    /// The loader that it requires.
    pub fn interpreter(&self) -> Option<&str> {
        match self {
            Self::Dynamic { interpreter, .. } => interpreter.as_deref(),
            Self::Static | Self::StaticPie => None,
        }
    }
}

/// Why the headers of a program need not describe what runs. Nothing that they say is proven then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub enum Packing {
    /// It unpacks another program and runs that.
    Packed {
        /// How that shows, e.g. `most of the file is compressed or encrypted`.
        how: String,
    },
    /// It may be packed.
    Unclear {
        /// Why, e.g. `it has no section headers`.
        reason: String,
    },
}

impl fmt::Display for Packing {
    /// For people: `it is packed: most of the file is compressed or encrypted`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Packed { how } => write!(
                f,
                "it is packed ({how}), and what it unpacks cannot be checked; use the unpacked program"
            ),
            Self::Unclear { reason } => f.write_str(reason),
        }
    }
}

/// The evidence about kernel-memory accounting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Kmem {
    /// The conclusion from the evidence.
    pub verdict: KmemVerdict,
    /// The marks, each at its first occurrence, in the order of their weight.
    pub evidence: Vec<Mark>,
}

/// Whether a binary turns kernel-memory accounting on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KmemVerdict {
    /// It does, for every container: the code is in the binary.
    On,
    /// It can, and does so only for a container that asks for a kernel-memory limit: runc rc1 and earlier, crun, youki,
    /// gVisor's runsc. Kubernetes never asks.
    OnRequest,
    /// Built with the nokmem tag of runc rc7 to rc93; a container with a kernel-memory limit is refused.
    Off,
    /// The code is missing and nothing replaces it: patched source, or runc rc6 with the nokmem tag. A container with a
    /// kernel-memory limit starts without the limit.
    OffSilent,
    /// Its libcontainer (rc94 or later) ignores kernel memory: a nokmem build was not needed.
    Ignored,
    /// No part of libcontainer's memory controller was found, or the file is incomplete or packed. Proves nothing, so the
    /// check fails.
    Unknown,
}

/// A text in a binary that is evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Mark {
    /// The text as found in the file.
    pub text: String,
    /// What it proves.
    pub meaning: String,
    /// Its first occurrence, in bytes from the start of the file.
    pub offset: u64,
}
