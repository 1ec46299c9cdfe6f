//! Does the binary contain kernel-memory accounting? Decided by what the compiler had to leave in it.
//!
//! Even a stripped Go binary contains its string literals and, for its stack traces, the path of every source file it has
//! code from. Function names are no evidence: `EnableKernelMemoryAccounting` remains in a build in which that function
//! does nothing.

use super::check::{Check, CheckName, Outcome};
use super::expectations::KmemExpectation;
use super::findings::{Findings, Kmem, KmemVerdict, Mark};

/// A text to search for.
pub(super) struct KnownMark {
    pub(super) text: &'static str,
    pub(super) kind: MarkKind,
    role: Role,
    meaning: &'static str,
}

/// What may surround a mark in a binary.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum MarkKind {
    /// Part of a literal; Go stores literals one after another, so anything may be next to it.
    Literal,
    /// The end of a path, so no letter or digit is next to it.
    SourcePath,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Enabled,
    EnabledUnlessSysinfo,
    OnRequest,
    Sysinfo,
    IgnoredMessage,
    Disabled,
    TcpLimit,
    MemoryController,
    /// It never writes to the files of kernel memory.
    LaterMemoryController,
}

/// The marks, in the order of their weight.
pub(super) const MARKS: [KnownMark; 16] = [
    KnownMark {
        text: "libcontainer/cgroups/fs/kmem.go",
        kind: MarkKind::SourcePath,
        role: Role::Enabled,
        meaning: "code from the file that turns kernel-memory accounting on (runc rc6 to rc93)",
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
        meaning: "name of the cgroup file that turns accounting on when it is written; docker's sysinfo only checks that it exists",
    },
    KnownMark {
        text: "Kernel memory settings are ignored and will be removed",
        kind: MarkKind::Literal,
        role: Role::IgnoredMessage,
        meaning: "warning of runc rc94 and later, which never turn accounting on",
    },
    KnownMark {
        text: "kernel memory accounting disabled in this runc build",
        kind: MarkKind::Literal,
        role: Role::Disabled,
        meaning: "error message of a nokmem build (runc rc7 to rc93) for a kernel-memory limit",
    },
    KnownMark {
        text: "libcontainer/cgroups/fs/kmem_disabled.go",
        kind: MarkKind::SourcePath,
        role: Role::Disabled,
        meaning: "code from the file that replaces kmem.go in a nokmem build",
    },
    KnownMark {
        text: "memory.kmem.tcp.limit_in_bytes",
        kind: MarkKind::Literal,
        role: Role::TcpLimit,
        meaning: "part of the memory controller of runc rc93 and earlier (this limit is only set on request)",
    },
    KnownMark {
        text: "libcontainer/cgroups/fs/memory.go",
        kind: MarkKind::SourcePath,
        role: Role::MemoryController,
        meaning: "code from libcontainer's memory controller",
    },
    KnownMark {
        text: "opencontainers/cgroups/fs/memory.go",
        kind: MarkKind::SourcePath,
        role: Role::LaterMemoryController,
        meaning: "code from the memory controller of runc 1.3 and later, and of kubelet 1.33 and later",
    },
    // The path of its source has a version in it (`cgroups@v0.0.4/fs`) where it was not built from a vendor directory.
    KnownMark {
        text: "opencontainers/cgroups/fs.(*MemoryGroup).",
        kind: MarkKind::Literal,
        role: Role::LaterMemoryController,
        meaning: "a function of the memory controller of runc 1.3 and later, and of kubelet 1.33 and later",
    },
    KnownMark {
        text: "libcrun",
        kind: MarkKind::Literal,
        role: Role::OnRequest,
        meaning: "code from crun, which turns accounting on only for a container that asks for a kernel-memory limit",
    },
    KnownMark {
        text: "libcgroups",
        kind: MarkKind::Literal,
        role: Role::OnRequest,
        meaning: "code from youki, which turns accounting on only for a container that asks for a kernel-memory limit",
    },
    KnownMark {
        text: "runsc/cgroup/cgroup.go",
        kind: MarkKind::SourcePath,
        role: Role::OnRequest,
        meaning: "code from gVisor, which turns accounting on only for a container that asks for a kernel-memory limit",
    },
    KnownMark {
        text: "cgroups-rs-",
        kind: MarkKind::Literal,
        role: Role::OnRequest,
        meaning: "code from Kata's cgroups-rs, which turns accounting on only for a container that asks for a kernel-memory limit",
    },
    KnownMark {
        text: "pkg/sysinfo/sysinfo_linux.go",
        kind: MarkKind::SourcePath,
        role: Role::Sysinfo,
        meaning: "code from docker's sysinfo, which contains names of kernel-memory files but never writes to them",
    },
    KnownMark {
        text: "docker/pkg/sysinfo.",
        kind: MarkKind::Literal,
        role: Role::Sysinfo,
        meaning: "a function of docker's sysinfo, which contains names of kernel-memory files but never writes to them",
    },
];

/// Weighs the marks, given the first occurrence of each of [`MARKS`].
///
/// In a file that is not whole, because it is incomplete or packed, a missing mark may have been cut off or hidden: only
/// accounting that is on is certain.
pub(super) fn weigh(offsets: &[Option<u64>], whole: bool) -> Kmem {
    let has = |role| {
        MARKS
            .iter()
            .zip(offsets)
            .any(|(mark, offset)| mark.role == role && offset.is_some())
    };
    let sysinfo = has(Role::Sysinfo);
    let limit_name = has(Role::EnabledUnlessSysinfo);
    // libcontainer has written to that file for every container since rc2, and has had the message about it as long.
    let on_request = (has(Role::OnRequest) || has(Role::MemoryController))
        && !has(Role::IgnoredMessage)
        && !has(Role::Disabled);
    let verdict = if has(Role::Enabled) || (limit_name && !sysinfo && !on_request) {
        KmemVerdict::On
    } else if !whole {
        KmemVerdict::Unknown
    } else if limit_name && !sysinfo {
        KmemVerdict::OnRequest
    } else if has(Role::IgnoredMessage) {
        KmemVerdict::Ignored
    } else if has(Role::Disabled) {
        KmemVerdict::Off
    } else if has(Role::TcpLimit) && (!sysinfo || has(Role::MemoryController)) {
        // Newer sysinfo contains this name as well: if there is sysinfo, only libcontainer's own code counts.
        KmemVerdict::OffSilent
    } else if (has(Role::MemoryController) || has(Role::LaterMemoryController))
        && !has(Role::TcpLimit)
        && !limit_name
    {
        // The warning is in runc's command, not in the part that kubelet uses.
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
    if let (KmemVerdict::Unknown, Some(packing)) = (findings.kmem.verdict, &findings.packing) {
        return Check {
            evidence,
            ..Check::unknown(CheckName::Kmem, expected, packing)
        };
    }
    let (passed, found) = match findings.kmem.verdict {
        KmemVerdict::On => (false, "on: the code that turns it on is in the binary"),
        KmemVerdict::OnRequest => (
            false,
            "on-request: it turns accounting on only for a container that asks for a kernel-memory limit, as Kubernetes \
             never does; no nokmem build is needed for that",
        ),
        KmemVerdict::Off => (true, "off by the nokmem tag"),
        KmemVerdict::OffSilent => (
            true,
            "off: the code was removed (by a patch, or by the nokmem tag of runc rc6)",
        ),
        KmemVerdict::Ignored => (
            true,
            "ignored by this version (rc94 or later); a nokmem build is not needed",
        ),
        KmemVerdict::Unknown => (false, "unknown: the binary contains no evidence either way"),
    };
    Check {
        name: CheckName::Kmem,
        outcome: Outcome::passed_if(passed),
        expected,
        found: found.to_owned(),
        evidence,
    }
}
