//! Errors of upstream source.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::extent::Excess;
use super::patch_error::PatchError;
use super::request::MirrorFailure;

/// Errors of upstream source.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The store's directory could not be made or written to.
    #[error("could not write to the source store {}", folder.display())]
    StoreFolder {
        /// The store's directory.
        folder: PathBuf,
        /// What the file system said.
        #[source]
        source: std::io::Error,
    },
    /// The store's directory is not a git repository, or git refuses it.
    #[error("could not open the source store {}", folder.display())]
    StoreOpen {
        /// The store's directory.
        folder: PathBuf,
        /// What git said.
        #[source]
        source: git2::Error,
    },
    /// A complete download could not be moved into the store.
    #[error("could not add {object} to the source store {}", folder.display())]
    StoreAdd {
        /// The tag or commit.
        object: String,
        /// The store's directory.
        folder: PathBuf,
        /// What git said.
        #[source]
        source: git2::Error,
    },
    /// There is no URL to fetch from.
    #[error("no URL given to fetch {wanted} from")]
    NoUrls {
        /// The tag or commit.
        wanted: String,
    },
    /// A URL has a control character, as it is or written with `%`. What it names would read differently for git's credential
    /// helpers, which are asked line by line.
    #[error(
        "the URL {url:?} contains a control character, perhaps in a user name that is not shown here; write it without"
    )]
    ControlCharacter {
        /// The URL, without a password.
        url: String,
    },
    /// A mirror sends more references than any repository has. No other is asked, because the memory that this takes is only
    /// given back when the process ends.
    #[error("the list of references of {url} has no end; leave this mirror out")]
    EndlessListing {
        /// The mirror, without a password.
        url: String,
    },
    /// A short commit id matches several commits.
    #[error("{wanted} is ambiguous; it matches commits: {}", commits.join(", "))]
    AmbiguousCommit {
        /// The short commit id.
        wanted: String,
        /// The commits that it matches.
        commits: Vec<String>,
    },
    /// A mirror has another commit for a tag than the pinned one. Other mirrors are asked only if the request allows it.
    #[error("{tag} at {url} is commit {served}, which does not match the pinned {pinned}")]
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
    /// It is not in the store, and fetching is not allowed.
    #[error("{wanted} is not in the source store, and an offline run cannot fetch it")]
    Offline {
        /// The tag or commit.
        wanted: String,
    },
    /// No mirror has it.
    #[error("could not fetch {wanted} from any mirror:{}", list(failed))]
    AllMirrorsFailed {
        /// The tag or commit.
        wanted: String,
        /// Every mirror with the reason, in the order in which they were tried.
        failed: Vec<MirrorFailure>,
        /// Tags that look similar, from mirrors that answered but did not have it, best first.
        nearest: Vec<String>,
    },
    /// Nothing pins it, upstream did not have it or was not among the URLs, and no other place's word is taken for it.
    #[error(
        "{wanted} is not pinned to a commit, so only upstream's own repository may say what it is:{}",
        list(failed)
    )]
    Unpinned {
        /// The tag or commit.
        wanted: String,
        /// Every place with the reason, in the order in which they were tried.
        failed: Vec<MirrorFailure>,
    },
    /// The run was cancelled.
    #[error("fetching {wanted} was cancelled")]
    Cancelled {
        /// The tag or commit.
        wanted: String,
    },
    /// The thread of an attempt could not be started.
    #[error("could not start a thread to fetch {wanted}")]
    Thread {
        /// The tag or commit.
        wanted: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A commit of the store could not be written as a pack.
    #[error("could not pack commit {commit}: {reason}")]
    PackMade {
        /// The commit.
        commit: String,
        /// What git or the system said.
        reason: String,
    },
    /// The pack of a commit could not be read.
    #[error("could not read the pack of commit {commit}")]
    PackRead {
        /// The commit.
        commit: String,
        /// What was wrong.
        #[source]
        source: std::io::Error,
    },
    /// A pack does not have the commit that it should, or not the whole of it, or is none.
    #[error("the pack of commit {commit} is refused: {reason}")]
    PackOther {
        /// The commit.
        commit: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Only pinned commits may be used, and it is none of them.
    #[error("{wanted} is not among the commits that the lock file has")]
    NotPinned {
        /// The tag or commit.
        wanted: String,
    },
    /// The store does not have a tree, or cannot read it.
    #[error("could not read tree {tree} in the source store")]
    TreeRead {
        /// The tree's id.
        tree: String,
        /// What git said.
        #[source]
        source: git2::Error,
    },
    /// A file or directory of a tree could not be read.
    #[error("could not read {path} in tree {tree}")]
    EntryRead {
        /// The path in the tree.
        path: String,
        /// The tree's id.
        tree: String,
        /// What git said.
        #[source]
        source: git2::Error,
    },
    /// A tree is larger than any source's is.
    #[error("tree {tree} is refused")]
    TreeExcess {
        /// The tree's id.
        tree: String,
        /// What is too large.
        #[source]
        source: Excess,
    },
    /// A changed tree could not be written into the store.
    #[error("could not write a tree made from {tree} into the source store")]
    TreeWrite {
        /// The id of the tree that it was made from.
        tree: String,
        /// What git said.
        #[source]
        source: git2::Error,
    },
    /// A patch does not apply, or is not a patch.
    #[error("patch {patch} does not apply")]
    Patch {
        /// The patch's name.
        patch: String,
        /// Where and why.
        #[source]
        source: Box<PatchError>,
    },
}

/// One line for each mirror.
fn list(failed: &[MirrorFailure]) -> String {
    failed.iter().fold(String::new(), |mut text, mirror| {
        let _ = write!(text, "\n  {}: {}", mirror.url, mirror.reason);
        text
    })
}
