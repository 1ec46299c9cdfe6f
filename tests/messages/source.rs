//! Errors of the source store and of patches.

use kmembuild::source::{Excess, HunkPlace, MirrorFailure, PatchError, SourceError};

use super::{Message, system, text};

fn git() -> git2::Error {
    git2::Error::from_str("object not found")
}

fn place() -> HunkPlace {
    HunkPlace {
        file: text("main.go"),
        number: 2,
        header: text("@@ -10,3 +10,4 @@"),
    }
}

fn failure(url: &str, reason: &str) -> MirrorFailure {
    MirrorFailure {
        url: text(url),
        reason: text(reason),
        stalled: reason.starts_with("no data"),
    }
}

pub(super) fn messages() -> Vec<Message> {
    let commit = || text("12644e614e25b05da6fd08a38ffa0cfe1903fdec");
    let source = samples!("source", explained SourceError:
        StoreFolder { folder: "cache/sources".into(), source: system() },
        StoreOpen { folder: "cache/sources/runc".into(), source: git() },
        StoreAdd { object: commit(), folder: "cache/sources/runc".into(), source: git() },
        EndlessListing { url: text("https://git.example.org/runc.git") },
        NoUrls { wanted: text("v1.0.0") },
        ControlCharacter { url: text("https://%0ahost=github.com@example.org/runc") },
        AmbiguousCommit {
            wanted: text("12644e6"),
            commits: vec![commit(), text("12644e6f24e25b05da6fd08a38ffa0cfe1903fde")],
        },
        PinMismatch {
            tag: text("v1.0.0"),
            url: text("https://example.org/runc.git"),
            pinned: commit(),
            served: text("dc9208a3303feef5b3839f4323d9beb36df0a9dd"),
        },
        Offline { wanted: text("v1.0.0") },
        AllMirrorsFailed
            {
                wanted: text("v1.0.0"),
                failed: vec![
                    failure("https://example.org/runc.git", "failed to resolve address"),
                    failure("https://example.com/runc.git", "no such tag"),
                ],
                nearest: vec![text("v1.0.1")],
            }
            {
                wanted: text("v1.0.0"),
                failed: vec![failure("https://example.org/runc.git", "failed to resolve address")],
                nearest: Vec::new(),
            }
            {
                wanted: text("v1.0.0"),
                failed: vec![failure("https://example.org/runc.git", "no data for 30s")],
                nearest: Vec::new(),
            },
        Unpinned {
            wanted: text("v1.16.5"),
            failed: vec![
                failure("https://example.org/kubernetes.git", "failed to resolve address"),
                failure("https://example.com/kubernetes.git", "not asked, because only upstream may say which commit it is"),
            ],
        },
        Cancelled { wanted: text("v1.0.0") },
        Thread { wanted: text("v1.0.0"), source: system() },
        PackMade { commit: commit(), reason: text("object not found") },
        PackRead { commit: commit(), source: system() },
        PackOther { commit: commit(), reason: text("its tree is 1, not 2") },
        NotPinned { wanted: text("v1.0.0") },
        TreeRead { tree: commit(), source: git() },
        TreeExcess { tree: commit(), source: Excess::Depth },
        EntryRead { path: text("main.go"), tree: commit(), source: git() },
        TreeWrite { tree: commit(), source: git() },
        Patch { patch: text("runc/off.patch"), source: Box::new(PatchError::Empty) },
    );
    let excess = samples!("source", Excess:
        Depth,
        Entries,
        Bytes,
        File { size: 5 << 30, limit: 1 << 30 },
    );
    let patch = samples!("source", PatchError:
        Empty,
        Garbage { line: 3, text: text("hello") },
        Header { line: 3 },
        Unsupported { line: 3, text: text("new file mode 100644") },
        Name { line: 3, name: text("/etc/passwd") },
        Count { place: place(), line: 3 },
        NewStart { place: place(), expected: 11 },
        Order { place: place() },
        Line
            { place: place(), line: 11, expected: text("a"), found: Some(text("b")) }
            { place: place(), line: 11, expected: text("a"), found: None },
        NoNewline { place: place() },
        FileMissing { file: text("main.go") },
    );
    [source, excess, patch].into_iter().flatten().collect()
}
