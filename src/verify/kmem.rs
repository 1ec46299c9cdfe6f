//! Is kernel-memory accounting in the binary? Told by what the compiler had to leave in it.
//!
//! Even a stripped Go binary holds its string literals and, for its stack traces, the path of every source
//! file that code came from. Function names are no evidence: `EnableKernelMemoryAccounting` survives in a
//! build whose function does nothing.

use serde::{Deserialize, Serialize};

use super::check::{Check, CheckName, Outcome};
use super::expectations::KmemExpectation;
use super::findings::Findings;

/// What was found about kernel-memory accounting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Kmem {
    /// What the marks come to.
    pub verdict: KmemVerdict,
    /// The marks, each where it first stands, in the order they are weighed.
    pub evidence: Vec<Mark>,
}

/// Whether a binary turns kernel-memory accounting on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KmemVerdict {
    /// It does: the code is in the binary.
    On,
    /// It was built with the nokmem tag of runc rc7 to rc93; a container that asks for a kernel-memory limit is refused.
    Off,
    /// The code is gone and nothing stands in its place: patched source, or runc rc6 with the nokmem tag.
    /// A container that asks for a kernel-memory limit starts without one.
    OffSilent,
    /// Its libcontainer (rc94 or later) ignores kernel memory: a nokmem build was not needed.
    Ignored,
    /// Nothing of libcontainer's memory controller was found, or the file is not whole. Proves nothing, so it fails.
    Unknown,
}

/// A text in a binary that is evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Mark {
    /// The text as it stands in the file.
    pub text: String,
    /// What it proves.
    pub meaning: String,
    /// Where it first stands, in bytes from the start of the file.
    pub offset: u64,
}

/// A text that is looked for.
pub(super) struct KnownMark {
    pub(super) text: &'static str,
    pub(super) kind: MarkKind,
    role: Role,
    meaning: &'static str,
}

/// What surrounds a mark in a binary.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum MarkKind {
    /// Part of a text; Go stores literals one after another, so anything may stand beside it.
    Literal,
    /// The end of a path, so neither a letter nor a digit stands beside it.
    SourcePath,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Enabled,
    EnabledUnlessSysinfo,
    Sysinfo,
    IgnoredMessage,
    Disabled,
    TcpLimit,
    MemoryController,
}

/// The marks in the order they are weighed.
pub(super) const MARKS: [KnownMark; 10] = [
    KnownMark {
        text: "libcontainer/cgroups/fs/kmem.go",
        kind: MarkKind::SourcePath,
        role: Role::Enabled,
        meaning: "code of the file that turns kernel-memory accounting on (runc rc6 to rc93)",
    },
    KnownMark {
        text: "because either tasks have already joined this cgroup or it has children",
        kind: MarkKind::Literal,
        role: Role::Enabled,
        meaning: "error message of the code that turns kernel-memory accounting on (runc rc2 to rc93)",
    },
    KnownMark {
        text: "memory.kmem.limit_in_bytes",
        kind: MarkKind::Literal,
        role: Role::EnabledUnlessSysinfo,
        meaning: "name of the cgroup file that is written to turn accounting on; docker's sysinfo only looks whether it exists",
    },
    KnownMark {
        text: "Kernel memory settings are ignored and will be removed",
        kind: MarkKind::Literal,
        role: Role::IgnoredMessage,
        meaning: "warning of runc rc94 and later, which never touch kernel memory",
    },
    KnownMark {
        text: "kernel memory accounting disabled in this runc build",
        kind: MarkKind::Literal,
        role: Role::Disabled,
        meaning: "answer of a nokmem build (runc rc7 to rc93) to a kernel-memory limit",
    },
    KnownMark {
        text: "libcontainer/cgroups/fs/kmem_disabled.go",
        kind: MarkKind::SourcePath,
        role: Role::Disabled,
        meaning: "code of the file that the nokmem tag puts in place of kmem.go",
    },
    KnownMark {
        text: "memory.kmem.tcp.limit_in_bytes",
        kind: MarkKind::Literal,
        role: Role::TcpLimit,
        meaning: "the memory controller of runc rc93 and earlier is there (this limit is written on request only)",
    },
    KnownMark {
        text: "libcontainer/cgroups/fs/memory.go",
        kind: MarkKind::SourcePath,
        role: Role::MemoryController,
        meaning: "code of libcontainer's memory controller",
    },
    KnownMark {
        text: "pkg/sysinfo/sysinfo_linux.go",
        kind: MarkKind::SourcePath,
        role: Role::Sysinfo,
        meaning: "code of docker's sysinfo, which holds names of kernel-memory files without writing to them",
    },
    KnownMark {
        text: "docker/pkg/sysinfo.",
        kind: MarkKind::Literal,
        role: Role::Sysinfo,
        meaning: "a function of docker's sysinfo, which holds names of kernel-memory files without writing to them",
    },
];

/// Weighs the marks, given where each of [`MARKS`] first stands.
///
/// In a file that is not whole what is missing may have been cut off: there only accounting that is on is certain.
pub(super) fn weigh(offsets: &[Option<u64>], whole: bool) -> Kmem {
    let has = |role| {
        MARKS
            .iter()
            .zip(offsets)
            .any(|(mark, offset)| mark.role == role && offset.is_some())
    };
    let sysinfo = has(Role::Sysinfo);
    let limit_name = has(Role::EnabledUnlessSysinfo);
    let verdict = if has(Role::Enabled) || (limit_name && !sysinfo) {
        KmemVerdict::On
    } else if !whole {
        KmemVerdict::Unknown
    } else if has(Role::IgnoredMessage) {
        KmemVerdict::Ignored
    } else if has(Role::Disabled) {
        KmemVerdict::Off
    } else if has(Role::TcpLimit) && (!sysinfo || has(Role::MemoryController)) {
        // newer sysinfo holds this name as well: beside it, only libcontainer's own code counts
        KmemVerdict::OffSilent
    } else if has(Role::MemoryController) && !has(Role::TcpLimit) && !limit_name {
        // the warning stands in runc's command, not in the part that kubelet takes over
        KmemVerdict::Ignored
    } else {
        KmemVerdict::Unknown
    };
    let evidence = MARKS
        .iter()
        .zip(offsets)
        .filter_map(|(mark, offset)| {
            Some(Mark {
                text: mark.text.to_owned(),
                meaning: mark.meaning.to_owned(),
                offset: (*offset)?,
            })
        })
        .collect();
    Kmem { verdict, evidence }
}

pub(super) fn check(findings: &Findings, expected: KmemExpectation) -> Check {
    let KmemExpectation::Off = expected;
    let expected = "kernel-memory accounting off".to_owned();
    let evidence = findings
        .kmem
        .evidence
        .iter()
        .map(|mark| format!("{:?} at byte {}: {}", mark.text, mark.offset, mark.meaning))
        .collect();
    if !findings.format.is_program() {
        return Check {
            evidence,
            ..Check::not_a_program(CheckName::Kmem, expected)
        };
    }
    let (passed, found) = match findings.kmem.verdict {
        KmemVerdict::On => (false, "on: the code that turns it on is in the binary"),
        KmemVerdict::Off => (true, "off by the nokmem tag"),
        KmemVerdict::OffSilent => (
            true,
            "off: the code is gone (patched source, or the nokmem tag of runc rc6)",
        ),
        KmemVerdict::Ignored => (
            true,
            "ignored by this version (rc94 or later): a nokmem build was not needed",
        ),
        KmemVerdict::Unknown => (
            false,
            "unknown: nothing in the binary tells, so nothing is proved",
        ),
    };
    Check {
        name: CheckName::Kmem,
        outcome: Outcome::passed_if(passed),
        expected,
        found: found.to_owned(),
        evidence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ON_PATH: &str = "libcontainer/cgroups/fs/kmem.go";
    const ON_MESSAGE: &str =
        "because either tasks have already joined this cgroup or it has children";
    const LIMIT: &str = "memory.kmem.limit_in_bytes";
    const IGNORED: &str = "Kernel memory settings are ignored and will be removed";
    const OFF_MESSAGE: &str = "kernel memory accounting disabled in this runc build";
    const OFF_PATH: &str = "libcontainer/cgroups/fs/kmem_disabled.go";
    const TCP: &str = "memory.kmem.tcp.limit_in_bytes";
    const MEMORY: &str = "libcontainer/cgroups/fs/memory.go";
    const SYSINFO: &str = "pkg/sysinfo/sysinfo_linux.go";

    fn verdict(texts: &[&str], whole: bool) -> KmemVerdict {
        let offsets: Vec<_> = MARKS
            .iter()
            .map(|mark| texts.contains(&mark.text).then_some(7))
            .collect();
        let kmem = weigh(&offsets, whole);
        assert_eq!(kmem.evidence.len(), texts.len());
        kmem.verdict
    }

    #[test]
    fn weighs_what_real_binaries_hold() {
        use KmemVerdict::{Ignored, Off, OffSilent, On, Unknown};
        for (texts, expected) in [
            (&[ON_PATH, ON_MESSAGE, LIMIT, TCP, MEMORY][..], On),
            (&[ON_MESSAGE, LIMIT, TCP, MEMORY], On),
            (&[LIMIT], On),
            (&[ON_PATH], On),
            (&[ON_PATH, OFF_MESSAGE, OFF_PATH], On),
            (&[OFF_MESSAGE, OFF_PATH, TCP, MEMORY], Off),
            (&[OFF_PATH, TCP], Off),
            (&[OFF_MESSAGE], Off),
            (&[TCP, MEMORY], OffSilent),
            (&[TCP], OffSilent),
            (&[IGNORED, MEMORY], Ignored),
            (&[MEMORY], Ignored),
            (&[], Unknown),
        ] {
            assert_eq!(verdict(texts, true), expected, "{texts:?}");
        }
    }

    #[test]
    fn does_not_take_what_sysinfo_knows_for_what_libcontainer_does() {
        use KmemVerdict::{Off, OffSilent, On, Unknown};
        for (texts, expected) in [
            (&[SYSINFO, LIMIT, ON_MESSAGE, TCP, MEMORY][..], On),
            (&[SYSINFO, LIMIT, ON_PATH], On),
            (&[SYSINFO, LIMIT, TCP, MEMORY], OffSilent),
            (&[SYSINFO, LIMIT, OFF_PATH, TCP, MEMORY], Off),
            (&[SYSINFO, LIMIT, TCP], Unknown),
            (&[SYSINFO, LIMIT], Unknown),
            (&[SYSINFO, LIMIT, MEMORY], Unknown),
        ] {
            assert_eq!(verdict(texts, true), expected, "{texts:?}");
        }
    }

    #[test]
    fn trusts_no_absence_in_a_file_that_is_not_whole() {
        assert_eq!(verdict(&[ON_MESSAGE], false), KmemVerdict::On);
        for texts in [&[OFF_PATH][..], &[TCP], &[IGNORED], &[]] {
            assert_eq!(verdict(texts, false), KmemVerdict::Unknown, "{texts:?}");
        }
    }
}
