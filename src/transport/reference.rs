//! Where an artifact is: `registry.example/team/runc:v1.0.0-rc10`, `host:5000/x@sha256:...`, or `oci:DIR:TAG`.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

use super::digest::Digest;

/// A place of artifacts, and which of them is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The place.
    pub place: Place,
    /// Which artifact there; `None` where the reference does not say.
    pub name: Option<ArtifactName>,
}

/// A place of artifacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A repository of a registry.
    Repository(RepositoryName),
    /// A directory in the form of an OCI image layout.
    Layout(PathBuf),
}

/// A repository of a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryName {
    /// Host, and port where there is one.
    pub registry: String,
    /// Path of the repository, without a slash at its ends.
    pub repository: String,
    /// How the registry is spoken to.
    pub scheme: Scheme,
}

/// How a registry is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Without TLS to this machine itself (`localhost`, `127.0.0.0/8`, `[::1]`), with TLS to any other.
    ByHost,
    /// With TLS: the reference begins with `https://`.
    Https,
    /// Without TLS: the reference begins with `http://`.
    Http,
}

/// A name of an artifact within its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArtifactName {
    /// A tag, which can be moved.
    Tag(String),
    /// A digest, which is the artifact's content.
    Digest(Digest),
}

/// A text that is not a reference.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("invalid reference {text:?}: {}", place_and_reason(text, *at, reason))]
pub struct ReferenceError {
    /// The text, as it was given.
    pub text: String,
    /// Where it is wrong, in bytes from its beginning; its length if something is missing at the end.
    pub at: usize,
    /// Why.
    pub reason: &'static str,
}

fn place_and_reason(text: &str, at: usize, reason: &str) -> String {
    let before = text.get(..at).unwrap_or_default().chars().count();
    match text.get(at..).and_then(|rest| rest.chars().next()) {
        Some(wrong) => format!("at character {} ({wrong:?}): {reason}", before + 1),
        None => format!("at its end: {reason}"),
    }
}

impl RepositoryName {
    /// Whether the registry is spoken to without TLS.
    pub fn is_plain(&self) -> bool {
        match self.scheme {
            Scheme::Http => true,
            Scheme::Https => false,
            Scheme::ByHost => is_this_machine(&self.registry),
        }
    }
}

/// Whether a registry is this machine, reached without a network.
fn is_this_machine(registry: &str) -> bool {
    if let Some(rest) = registry.strip_prefix('[') {
        return rest.split(']').next() == Some("::1");
    }
    let host = registry.split(':').next().unwrap_or_default();
    let address = host.parse::<std::net::Ipv4Addr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Layout(path) => write!(f, "oci:{}", path.display()),
            Self::Repository(name) => name.fmt(f),
        }
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::ByHost => "",
            Scheme::Https => "https://",
            Scheme::Http => "http://",
        };
        write!(f, "{scheme}{}/{}", self.registry, self.repository)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place.fmt(f)?;
        match &self.name {
            None => Ok(()),
            Some(ArtifactName::Tag(tag)) => write!(f, ":{tag}"),
            Some(ArtifactName::Digest(digest)) => write!(f, "@{digest}"),
        }
    }
}

impl fmt::Display for ArtifactName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => f.write_str(tag),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}
