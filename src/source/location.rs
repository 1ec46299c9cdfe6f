//! URLs and paths of repositories.

use std::path::{Path, PathBuf};

use git2::Repository;

use crate::checksum::sha256_hex;

/// Where a repository is: elsewhere, or on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Location {
    /// The URL or path that was asked for.
    written: String,
    /// The one that serves: another one where git's configuration has an `insteadOf` for it.
    serves: String,
    /// The directory, if the one that serves is on this machine.
    folder: Option<PathBuf>,
}

impl Location {
    /// Distinguishes a path from a URL as git does: a colon before any slash makes `host:path`.
    pub(super) fn parse(text: &str) -> Self {
        Self {
            written: text.to_owned(),
            serves: text.to_owned(),
            folder: folder(text),
        }
    }

    /// The same where git's configuration puts something else in the place of the beginning of `text`. libgit2 does that
    /// itself when it connects, and is asked here for what it makes of it.
    pub(super) fn resolve(text: &str, repository: &Repository) -> Self {
        let remote = repository.remote_anonymous(text).ok();
        let serves = remote.and_then(|remote| remote.url().ok().map(str::to_owned));
        let serves = serves.unwrap_or_else(|| text.to_owned());
        Self {
            written: text.to_owned(),
            folder: folder(&serves),
            serves,
        }
    }

    /// The directory, if it is on this machine.
    pub(super) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    pub(super) fn is_local(&self) -> bool {
        self.folder.is_some()
    }

    /// Whether a URL has control characters, as they are or written with `%`. File names may have them.
    pub(super) fn has_control_characters(&self) -> bool {
        let is_url = |text: &&String| folder(text).is_none();
        [&self.written, &self.serves]
            .into_iter()
            .filter(is_url)
            .any(|url| has_control_characters(url))
    }

    /// What libgit2 must be given. It is not what serves: that would be replaced once more.
    pub(super) fn written(&self) -> &str {
        &self.written
    }

    /// Whether something else serves than what was asked for.
    pub(super) fn is_replaced(&self) -> bool {
        self.written != self.serves
    }

    /// The location that serves, for messages and records, without a password.
    pub(super) fn redacted(&self) -> String {
        without_user(&self.serves)
    }

    /// The location that was asked for, for messages and records, without a password.
    pub(super) fn written_redacted(&self) -> String {
        without_user(&self.written)
    }

    /// `text` with this location, which may contain a password, replaced by its form for messages.
    pub(super) fn without_password(&self, text: &str) -> String {
        let text = text.replace(&self.serves, &self.redacted());
        text.replace(&self.written, &self.written_redacted())
    }

    /// A short name for this location that is valid in a git reference: the first 16 digits of its SHA-256.
    pub(super) fn key(&self) -> String {
        sha256_hex(self.serves.as_bytes())[..16].to_owned()
    }
}

/// The directory of a URL or path that is on this machine.
fn folder(text: &str) -> Option<PathBuf> {
    if let Some(path) = text.strip_prefix("file://") {
        let path = path.strip_prefix("localhost").unwrap_or(path);
        return Some(PathBuf::from(percent_decoded(path)));
    }
    let before_slash = text.split('/').next().unwrap_or_default();
    let is_remote =
        text.contains("://") || (before_slash.contains(':') && !Path::new(text).exists());
    (!is_remote).then(|| PathBuf::from(text))
}

fn without_user(written: &str) -> String {
    let Some((scheme, rest)) = written.split_once("://") else {
        return written.to_owned();
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        // A user name alone may be a token as well; only ssh's is harmless and needed.
        Some((user, host)) if scheme == "ssh" => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}@{host}{path}")
        }
        Some((_, host)) => format!("{scheme}://{host}{path}"),
        None => written.to_owned(),
    }
}

/// A URL or path for messages, without a password.
pub fn redacted(text: &str) -> String {
    Location::parse(text).redacted()
}

/// The directory of a URL or path, if it is on this machine.
pub fn local_folder(text: &str) -> Option<PathBuf> {
    folder(text)
}

/// Whether a URL has control characters, as they are or written with `%`.
pub(super) fn has_control_characters(url: &str) -> bool {
    percent_decoded(url).chars().any(char::is_control)
}

/// Resolves `%20` and the like; invalid escapes stay as they are.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = after
            .get(..2)
            .filter(|_| first == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(escaped.unwrap_or(first));
        rest = if escaped.is_some() {
            &after[2..]
        } else {
            after
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
