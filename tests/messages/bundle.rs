//! Errors of bundles.

use kmembuild::bundle::BundleError;
use kmembuild::transport::Digest;

use super::{Message, json, system, text};

pub(super) fn messages() -> Vec<Message> {
    let path = || std::path::PathBuf::from("closed.oci.tar");
    let part = || std::path::PathBuf::from("closed.oci.tar.002");
    let digest = |of: &str| Digest::of(of.as_bytes());
    samples!("bundle", explained BundleError:
        Unreadable
            { path: path(), source: system() }
            { path: path(), source: std::io::ErrorKind::NotFound.into() },
        Unwritable { path: path(), source: system() },
        PartMissing { path: part() },
        NotFirstPart { path: part(), whole: path() },
        PartSize { path: part(), expected: 4096, found: 512 },
        TooManyParts { most: 999, size: 1 << 20 },
        Truncated { path: part() },
        NotAnEntry { path: part(), offset: 1024 },
        Entry { path: path(), name: text("../runc"), problem: "is not part of an image layout" },
        NotABundle { path: path(), reason: text("it has no index.json") },
        Malformed { path: path(), what: text("the manifest"), source: json() },
        Format { path: path(), found: 2, known: 1 },
        TooLarge { path: path(), what: text("index.json"), limit: 4 << 20 },
        Size { path: path(), digest: digest("a"), expected: 2, found: 1 },
        Digest { path: path(), expected: digest("a"), found: digest("b") },
        BaseMissing { path: "closed-2.oci.tar".into(), base: text("closed.oci.tar"), digest: digest("a") },
        NoBlob { path: path(), digest: digest("a") },
        NotRelated { one: path(), other: "other.oci.tar".into() },
        Lacks { path: path(), what: text("image golang:1.13") },
        FilePath { path: path(), file: text("../release.yaml") },
        TooManyBlobs { most: 4096 },
        Pack { what: text("golang:1.13"), source: system() },
    )
}
