//! URLs and paths of repositories.

use std::path::{Path, PathBuf};

use crate::checksum::sha256_hex;

/// Where a repository is: elsewhere, or on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Location {
    /// A URL for git's own protocols, as written.
    Remote(String),
    /// A directory of this machine, and how it was written.
    Local { written: String, folder: PathBuf },
}

impl Location {
    /// Distinguishes a path from a URL as git does: a colon before any slash makes `host:path`.
    pub(super) fn parse(text: &str) -> Self {
        if let Some(path) = text.strip_prefix("file://") {
            let path = path.strip_prefix("localhost").unwrap_or(path);
            return Self::Local {
                written: text.to_owned(),
                folder: PathBuf::from(percent_decoded(path)),
            };
        }
        let before_slash = text.split('/').next().unwrap_or_default();
        if text.contains("://") || (before_slash.contains(':') && !Path::new(text).exists()) {
            Self::Remote(text.to_owned())
        } else {
            Self::Local {
                written: text.to_owned(),
                folder: PathBuf::from(text),
            }
        }
    }

    pub(super) fn is_local(&self) -> bool {
        matches!(self, Self::Local { .. })
    }

    /// Whether a URL has control characters, as they are or written with `%`. File names may have them.
    pub(super) fn has_control_characters(&self) -> bool {
        matches!(self, Self::Remote(url) if has_control_characters(url))
    }

    fn written(&self) -> &str {
        match self {
            Self::Remote(url) => url,
            Self::Local { written, .. } => written,
        }
    }

    /// The location for messages and records, without a password.
    pub(super) fn redacted(&self) -> String {
        let written = self.written();
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

    /// `text` with this location, which may contain a password, replaced by its form for messages.
    pub(super) fn without_password(&self, text: &str) -> String {
        text.replace(self.written(), &self.redacted())
    }

    /// A short name for this location that is valid in a git reference: the first 16 digits of its SHA-256.
    pub(super) fn key(&self) -> String {
        sha256_hex(self.written().as_bytes())[..16].to_owned()
    }
}

/// A URL or path for messages, without a password.
pub fn redacted(text: &str) -> String {
    Location::parse(text).redacted()
}

/// The directory of a URL or path, if it is on this machine.
pub fn local_folder(text: &str) -> Option<PathBuf> {
    match Location::parse(text) {
        Location::Local { folder, .. } => Some(folder),
        Location::Remote(_) => None,
    }
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
