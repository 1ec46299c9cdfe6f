use std::collections::BTreeMap;
use std::time::Duration;

/// What to fetch and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchRequest {
    /// Where to look, in order: http(s), git and ssh URLs, `user@host:path`, `file://` URLs and paths of this
    /// machine. A URL may hold a user name and a password; they are never shown.
    pub urls: Vec<String>,
    /// A tag, with or without its leading `v`, or a commit of 7 to 40 hexadecimal digits.
    pub wanted: String,
    /// The commit (40 hexadecimal digits) that each known tag must have, by tag.
    pub pins: BTreeMap<String, String>,
    /// How long a mirror may be silent before the next one is tried.
    pub stall: Duration,
    /// Ask the mirrors and download again, even what the store has.
    pub refresh: bool,
    /// Ask nobody: only the store and local paths.
    pub offline: bool,
    /// Leave a mirror that has another commit than the pinned one for the next, instead of stopping.
    pub skip_moved: bool,
}

/// What a fetch found. The store holds the whole tree of the commit, and not necessarily its parents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The tag's full name as upstream writes it; `None` for a commit that no known tag points to.
    pub tag: Option<String>,
    /// The commit, 40 hexadecimal digits.
    pub commit: String,
    /// The commit's tree, 40 hexadecimal digits.
    pub tree: String,
    /// When the commit was made, in seconds since 1970 (the committer's time).
    pub commit_time: i64,
    /// The URL that served it, without password.
    pub url: String,
    /// All the URLs that it may come from, in the order in which they are asked, without passwords.
    pub urls: Vec<String>,
    /// The store had it and nobody was asked.
    pub from_store: bool,
    /// The mirrors that were tried before and did not serve it.
    pub failed: Vec<MirrorFailure>,
}

/// A mirror that did not serve what was wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorFailure {
    /// Its URL, without password.
    pub url: String,
    /// Why, for a person.
    pub reason: String,
}
