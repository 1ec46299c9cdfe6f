//! Errors of bundles.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::transport::Digest;

/// Why a bundle cannot be read or written.
#[derive(Debug, Error)]
pub enum BundleError {
    /// A file cannot be read.
    #[error("could not read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("could not write {}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A part of a split bundle is not there.
    #[error("the bundle is in parts, and its part {} is missing", path.display())]
    PartMissing {
        /// The part.
        path: PathBuf,
    },
    /// A part was named that is not the first one.
    #[error("{} is a part of a bundle, and not its first one", path.display())]
    NotFirstPart {
        /// The part.
        path: PathBuf,
        /// The bundle as it would be named if it were whole.
        whole: PathBuf,
    },
    /// A part is not as long as the first one, or longer.
    #[error(
        "the part {} of the bundle has {found} bytes, and should have {expected} as the first one: it is truncated, or parts are in the wrong order",
        path.display()
    )]
    PartSize {
        /// The part.
        path: PathBuf,
        /// Size of the first part in bytes.
        expected: u64,
        /// Its own size in bytes.
        found: u64,
    },
    /// More parts than there are names for.
    #[error("the bundle has more than {most} parts of {}", bytesize::ByteSize(*size))]
    TooManyParts {
        /// Most parts.
        most: usize,
        /// Size of a part in bytes.
        size: u64,
    },
    /// The archive ends before it is whole.
    #[error("the bundle {} ends in the middle: it is truncated, or its last parts are missing", path.display())]
    Truncated {
        /// The file in which it ends.
        path: PathBuf,
    },
    /// What stands there is no entry of an archive.
    #[error(
        "the bundle {} is damaged at byte {offset}: it is no tar archive, or its parts are in the wrong order or not of one bundle",
        path.display()
    )]
    NotAnEntry {
        /// The file, which may be a part.
        path: PathBuf,
        /// Where in that file, in bytes.
        offset: u64,
    },
    /// An entry of the archive is none of a layout.
    #[error("the bundle {} is refused: its entry {name:?} {problem}", path.display())]
    Entry {
        /// The bundle.
        path: PathBuf,
        /// Name of the entry.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// It is a layout, and no bundle of this tool.
    #[error("{} is not a bundle: {reason}", path.display())]
    NotABundle {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A document in it cannot be understood.
    #[error("{what} of the bundle {} is malformed", path.display())]
    Malformed {
        /// The bundle.
        path: PathBuf,
        /// Which document.
        what: String,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// It is of another version of the format.
    #[error("the bundle {} has format {found}; this version of kmembuild reads format {known}", path.display())]
    Format {
        /// The bundle.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The format that is read.
        known: u32,
    },
    /// Something in it is larger than it may be.
    #[error("{what} of the bundle {} is larger than {}", path.display(), bytesize::ByteSize(*limit))]
    TooLarge {
        /// The bundle.
        path: PathBuf,
        /// What it is.
        what: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// A blob has another size than is said of it.
    #[error("blob {digest} of the bundle {} has {found} bytes, not {expected}", path.display())]
    Size {
        /// The bundle.
        path: PathBuf,
        /// The blob.
        digest: Digest,
        /// What is said, in bytes.
        expected: u64,
        /// Its size in bytes.
        found: u64,
    },
    /// A blob has another content than its name says.
    #[error("blob {expected} of the bundle {} has other content: {found}", path.display())]
    Digest {
        /// The bundle.
        path: PathBuf,
        /// The blob.
        expected: Digest,
        /// What its content is.
        found: Digest,
    },
    /// A blob is in an earlier bundle, which was not given.
    #[error(
        "the bundle {} was made since {base}, which is not given: blob {digest} is only in that one",
        path.display()
    )]
    BaseMissing {
        /// The bundle.
        path: PathBuf,
        /// File name of the earlier bundle, when it was read.
        base: String,
        /// The first blob that is missing.
        digest: Digest,
    },
    /// A blob is in none of the bundles.
    #[error("the bundle {} does not have blob {digest}, which it names", path.display())]
    NoBlob {
        /// The bundle.
        path: PathBuf,
        /// The blob.
        digest: Digest,
    },
    /// Bundles of several releases were given.
    #[error("neither of the bundles {} and {} was made since the other", one.display(), other.display())]
    NotRelated {
        /// One of them.
        one: PathBuf,
        /// Another one.
        other: PathBuf,
    },
    /// The bundle does not have what the lock file requires.
    #[error("the bundle {} does not have {what}", path.display())]
    Lacks {
        /// The bundle.
        path: PathBuf,
        /// What it lacks.
        what: String,
    },
    /// The path of a file of the release leads out of its directory, or is none.
    #[error("the bundle {} is refused: it has a file {file:?}", path.display())]
    FilePath {
        /// The bundle.
        path: PathBuf,
        /// The path of the file.
        file: String,
    },
    /// Too much for the documents of a layout.
    #[error("a bundle has at most {most} blobs")]
    TooManyBlobs {
        /// Most blobs.
        most: usize,
    },
    /// A layer cannot be unpacked, or not packed.
    #[error("could not pack {what}")]
    Pack {
        /// What it is.
        what: String,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
}
