//! What to fetch, and what was fetched.

use std::collections::BTreeMap;
use std::time::Duration;

/// What to fetch, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches of the command line"
)]
pub struct FetchRequest {
    /// Where to look, in order: http(s), git and ssh URLs, `user@host:path`, `file://` URLs and paths of this machine. A URL
    /// may contain a user name and a password; they are never shown.
    pub urls: Vec<String>,
    /// A tag, with or without its leading `v`, or a commit of 7 to 40 hexadecimal digits.
    pub wanted: String,
    /// The commit (40 hexadecimal digits) that each known tag must have, by tag.
    pub pins: BTreeMap<String, String>,
    /// The one of the URLs that is upstream's own. Only it may say which commit a tag without a pin is, or which one an
    /// abbreviated commit means; `None` if none of them may.
    pub upstream: Option<String>,
    /// Take the word of every URL for that.
    pub unpinned: bool,
    /// How long a mirror may be silent before the next one is tried.
    pub stall: Duration,
    /// Ask the mirrors and download again, even what the store has.
    pub refresh: bool,
    /// Ask no mirror: use only the store and local paths.
    pub offline: bool,
    /// If a mirror's commit does not match the pin, try the next one instead of stopping.
    pub skip_moved: bool,
}

/// The result of a fetch. The store has the whole tree of the commit, but not necessarily its parents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The tag's full name upstream; `None` for a commit without a known tag.
    pub tag: Option<String>,
    /// The commit, 40 hexadecimal digits.
    pub commit: String,
    /// The commit's tree, 40 hexadecimal digits.
    pub tree: String,
    /// The time of the commit, in seconds since 1970 (the committer's time).
    pub commit_time: i64,
    /// The URL that served it, without a password: where git's configuration has an `insteadOf`, not the one asked for.
    pub url: String,
    /// All URLs that it may come from, in the order in which they are asked, without passwords.
    pub urls: Vec<String>,
    /// Whether the store had it and nobody was asked.
    pub from_store: bool,
    /// Whether a place that is not upstream's own decided which commit this is: neither the wanted text nor a pin says.
    pub unpinned: bool,
    /// The mirrors that were tried before and failed.
    pub failed: Vec<MirrorFailure>,
}

/// A mirror that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorFailure {
    /// Its URL, without a password.
    pub url: String,
    /// Why, for people.
    pub reason: String,
    /// Whether it sent nothing for too long.
    pub stalled: bool,
}
