//! Chooses a tag or commit among the references of a repository.

use std::collections::{BTreeMap, BTreeSet};

use git2::Oid;

use super::attempt::MirrorError;
use super::error::SourceError;
use super::near_tags;
use crate::recipe::natural_order;

/// The shortest abbreviation that is accepted as a commit.
const SHORTEST_COMMIT: usize = 7;
/// The number of digits of a complete commit id.
const WHOLE_COMMIT: usize = 40;

/// What to find, with the pins for it.
#[derive(Debug, Clone)]
pub(super) struct Revision {
    text: String,
    /// The possible tags, best first.
    tags: Vec<String>,
    /// The possible commit id, or its beginning, in lower case.
    commit: Option<String>,
    pins: BTreeMap<String, String>,
}

/// A branch or tag of a repository.
#[derive(Debug)]
pub(super) struct Reference {
    /// The full name of the reference.
    pub(super) name: String,
    /// What it points to: a commit or a tag object.
    pub(super) object: Oid,
    /// The commit that it leads to.
    pub(super) commit: Oid,
}

/// The branches and tags of a repository.
#[derive(Debug)]
pub(super) struct Listing(pub(super) Vec<Reference>);

/// What to take from a repository.
#[derive(Debug)]
pub(super) enum Choice<'a> {
    /// A reference that points to it. `tag` differs from the reference's tag if a pin has another name.
    Listed {
        listed: &'a Reference,
        tag: Option<String>,
    },
    /// A commit that no reference points to at present.
    Unlisted(Oid),
    /// A commit that starts with the wanted digits and that no reference points to.
    Search,
}

impl Reference {
    /// The tag's name, when it is a tag.
    pub(super) fn tag(&self) -> Option<&str> {
        self.name.strip_prefix("refs/tags/")
    }
}

impl Listing {
    /// Collects what a server lists: only branches and tags, with the targets of tags (`^{}`).
    pub(super) fn from_advertised<'n>(heads: impl Iterator<Item = (&'n str, Oid)>) -> Self {
        let mut listed: Vec<Reference> = Vec::new();
        for (name, object) in heads {
            if let Some(tag) = name.strip_suffix("^{}") {
                if let Some(last) = listed.last_mut().filter(|last| last.name == tag) {
                    last.commit = object;
                }
            } else if name.starts_with("refs/tags/") || name.starts_with("refs/heads/") {
                listed.push(Reference {
                    name: name.to_owned(),
                    object,
                    commit: object,
                });
            }
        }
        Self(listed)
    }

    fn tag(&self, tag: &str) -> Option<&Reference> {
        self.0.iter().find(|listed| listed.tag() == Some(tag))
    }
}

impl Revision {
    /// Interprets `text` as a tag, a commit or both.
    pub(super) fn new(text: &str, pins: &BTreeMap<String, String>) -> Result<Self, SourceError> {
        let digits = text.chars().all(|digit| digit.is_ascii_hexdigit());
        let may_be_commit = digits && (SHORTEST_COMMIT..=WHOLE_COMMIT).contains(&text.len());
        let mut commit = may_be_commit.then(|| text.to_ascii_lowercase());
        let mut is_whole = may_be_commit && text.len() == WHOLE_COMMIT;
        if let Some(prefix) = &mut commit {
            let pinned: BTreeSet<&String> = pins
                .values()
                .filter(|pinned| pinned.starts_with(prefix.as_str()))
                .collect();
            if pinned.len() > 1 {
                return Err(SourceError::AmbiguousCommit {
                    wanted: text.to_owned(),
                    commits: pinned.into_iter().cloned().collect(),
                });
            }
            if let Some(whole) = pinned.first() {
                (*whole).clone_into(prefix);
                is_whole = true;
            }
        }
        let mut tags = Vec::new();
        if !is_whole {
            let toggled = match text.strip_prefix('v') {
                Some(rest) => rest.to_owned(),
                None => format!("v{text}"),
            };
            tags = vec![text.to_owned(), toggled];
            // A tag that is written a little differently must not take the place of the pinned one.
            if tags.iter().any(|tag| pins.contains_key(tag)) {
                tags.retain(|tag| pins.contains_key(tag));
                commit = None;
            }
        }
        Ok(Self {
            text: text.to_owned(),
            tags,
            commit,
            pins: pins.clone(),
        })
    }

    /// Whether the text or a pin says which commit it is, whoever serves it.
    pub(super) fn is_fixed(&self) -> bool {
        let is_whole = |commit: &String| commit.len() == WHOLE_COMMIT;
        if self.tags.is_empty() {
            self.commit.as_ref().is_some_and(is_whole)
        } else {
            self.tags.iter().all(|tag| self.pins.contains_key(tag))
        }
    }

    /// `tag`, if it is pinned to `commit`: the name that a mirror gives to a commit is nothing but its word.
    pub(super) fn if_pinned(&self, tag: Option<String>, commit: Oid) -> Option<String> {
        let commit = commit.to_string();
        let is_pinned = |pinned: &String| pinned.eq_ignore_ascii_case(&commit);
        tag.filter(|tag| self.pins.get(tag).is_some_and(is_pinned))
    }

    /// The user's text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The possible tags, best first.
    pub(super) fn tags(&self) -> &[String] {
        &self.tags
    }

    /// The possible commit id, or its beginning.
    pub(super) fn commit(&self) -> Option<&str> {
        self.commit.as_deref()
    }

    /// The lowest tag that is pinned to `commit`.
    pub(super) fn pinned_tag(&self, commit: Oid) -> Option<String> {
        let commit = commit.to_string();
        self.pins
            .iter()
            .filter(|(_, pinned)| **pinned == commit)
            .map(|(tag, _)| tag)
            .min_by(|a, b| natural_order(a, b))
            .cloned()
    }

    /// Checks that `tag` may be `commit`.
    pub(super) fn check_pin(&self, tag: Option<&str>, commit: Oid) -> Result<(), MirrorError> {
        let Some((tag, pinned)) = tag.and_then(|tag| self.pins.get_key_value(tag)) else {
            return Ok(());
        };
        if commit.to_string().eq_ignore_ascii_case(pinned) {
            return Ok(());
        }
        Err(MirrorError::Pin {
            tag: tag.clone(),
            pinned: pinned.clone(),
            served: commit,
        })
    }

    /// Chooses among the references of a repository.
    pub(super) fn choose<'a>(&self, listing: &'a Listing) -> Result<Choice<'a>, MirrorError> {
        if let Some(listed) = self.tags.iter().find_map(|tag| listing.tag(tag)) {
            let tag = listed.tag().map(str::to_owned);
            return Ok(Choice::Listed { listed, tag });
        }
        let Some(prefix) = &self.commit else {
            let tags = listing.0.iter().filter_map(Reference::tag);
            return Err(MirrorError::TagMissing {
                nearest: near_tags::nearest(&self.text, tags),
            });
        };
        let begins = |id: Oid| id.to_string().starts_with(prefix.as_str());
        let found: Vec<&Reference> = listing
            .0
            .iter()
            .filter(|listed| begins(listed.commit) || begins(listed.object))
            .collect();
        let commits: BTreeSet<Oid> = found.iter().map(|listed| listed.commit).collect();
        if commits.len() > 1 {
            return Err(MirrorError::CommitAmbiguous {
                commits: commits.iter().map(Oid::to_string).collect(),
            });
        }
        let Some(&commit) = commits.first() else {
            return Ok(match Oid::from_str(prefix) {
                Ok(commit) if prefix.len() == WHOLE_COMMIT => Choice::Unlisted(commit),
                _ => Choice::Search,
            });
        };
        let lowest = found
            .iter()
            .filter_map(|listed| listed.tag())
            .min_by(|a, b| natural_order(a, b))
            .map(str::to_owned);
        let tag = self.pinned_tag(commit).or(lowest);
        let named = tag
            .as_deref()
            .and_then(|tag| found.iter().find(|listed| listed.tag() == Some(tag)));
        let listed = named.or(found.first()).copied();
        Ok(
            listed.map_or(Choice::Unlisted(commit), |listed| Choice::Listed {
                listed,
                tag,
            }),
        )
    }
}
