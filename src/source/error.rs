use std::fmt::Write as _;
use std::path::PathBuf;

use super::patch_error::PatchError;
use super::request::MirrorFailure;

/// What can go wrong with upstream source.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The store's folder could not be made or written to.
    #[error("cannot write to the source store {}", folder.display())]
    StoreFolder {
        /// The store's folder.
        folder: PathBuf,
        /// What the file system said.
        #[source]
        source: std::io::Error,
    },
    /// The store's folder holds something else than a git repository, or one that git refuses.
    #[error("cannot open the source store {}", folder.display())]
    StoreOpen {
        /// The store's folder.
        folder: PathBuf,
        /// What git said.
        #[source]
        source: git2::Error,
    },
    /// A complete download could not be moved into the store.
    #[error("cannot add {object} to the source store {}", folder.display())]
    StoreAdd {
        /// The tag or commit.
        object: String,
        /// The store's folder.
        folder: PathBuf,
        /// What git said.
        #[source]
        source: git2::Error,
    },
    /// There is no URL to fetch from.
    #[error("no URL to fetch {wanted} from")]
    NoUrls {
        /// The tag or commit.
        wanted: String,
    },
    /// A short commit id fits several commits.
    #[error("{wanted} is short for several commits: {}", commits.join(", "))]
    AmbiguousCommit {
        /// The short commit id.
        wanted: String,
        /// The commits it may mean.
        commits: Vec<String>,
    },
    /// A mirror gave another commit for a tag than the pinned one. Other mirrors are asked only where the request says so.
    #[error("{tag} at {url} is commit {served}, but {pinned} is pinned")]
    PinMismatch {
        /// The tag.
        tag: String,
        /// The mirror.
        url: String,
        /// The commit that the tag must have.
        pinned: String,
        /// The commit that it has there.
        served: String,
    },
    /// It is not in the store, and no mirror may be asked.
    #[error("{wanted} is not in the source store, and --offline asks no mirror")]
    Offline {
        /// The tag or commit.
        wanted: String,
    },
    /// No mirror served what was wanted.
    #[error("no mirror served {wanted}:{}", list(failed))]
    AllMirrorsFailed {
        /// The tag or commit.
        wanted: String,
        /// Every mirror with its reason, in the order they were tried.
        failed: Vec<MirrorFailure>,
        /// Tags that look like the wanted one, from mirrors that answered and did not have it, best first.
        nearest: Vec<String>,
    },
    /// The run was cancelled.
    #[error("fetching {wanted} was cancelled")]
    Cancelled {
        /// The tag or commit.
        wanted: String,
    },
    /// The thread of an attempt could not be started.
    #[error("cannot start a thread to fetch {wanted}")]
    Thread {
        /// The tag or commit.
        wanted: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The store does not hold a tree, or cannot read it.
    #[error("cannot read tree {tree} in the source store")]
    TreeRead {
        /// The tree's id.
        tree: String,
        /// What git said.
        #[source]
        source: git2::Error,
    },
    /// A file or folder of a tree cannot be read.
    #[error("cannot read {path} of tree {tree}")]
    EntryRead {
        /// The path in the tree.
        path: String,
        /// The tree's id.
        tree: String,
        /// What git said.
        #[source]
        source: git2::Error,
    },
    /// A changed tree cannot be written into the store.
    #[error("cannot write a tree made from {tree} into the source store")]
    TreeWrite {
        /// The id of the tree that it was made from.
        tree: String,
        /// What git said.
        #[source]
        source: git2::Error,
    },
    /// A patch does not fit or is not a patch.
    #[error("patch {patch} does not apply")]
    Patch {
        /// The patch's name.
        patch: String,
        /// Where and why.
        #[source]
        source: Box<PatchError>,
    },
}

/// One mirror a line.
fn list(failed: &[MirrorFailure]) -> String {
    failed.iter().fold(String::new(), |mut text, mirror| {
        let _ = write!(text, "\n  {}: {}", mirror.url, mirror.reason);
        text
    })
}
