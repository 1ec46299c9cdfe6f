//! Errors of making repositories.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::names::RepositoryKind;

/// A repository that could not be made; the earlier one is as it was.
#[derive(Debug, Error)]
pub enum RepositoryError {
    /// A release is not as it was published.
    #[error("the packages of {} cannot be used: {file}: {problem}", directory.display())]
    Problem {
        /// The release.
        directory: PathBuf,
        /// The file in question.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A directory is not that of a whole release.
    #[error("{} is not the directory of a release", directory.display())]
    NoRelease {
        /// The directory.
        directory: PathBuf,
    },
    /// The rpm of the distribution cannot check the key.
    #[error(
        "the yum repository {name} requires an RSA key: the rpm of CentOS 7 cannot check Ed25519"
    )]
    OldRpm {
        /// The name of the repository.
        name: String,
    },
    /// There is nothing to put into a repository.
    #[error("there is no {ending} package for the {kind} repository {name}")]
    NoPackages {
        /// Its kind.
        kind: RepositoryKind,
        /// Its name.
        name: String,
        /// The end of such packages' names.
        ending: &'static str,
    },
    /// A package could not be read.
    #[error("could not read the package {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A package is not the one that the release lists.
    #[error(
        "{} does not match its release: its sha256 is {found}, but {expected} is listed",
        path.display()
    )]
    Changed {
        /// The file.
        path: PathBuf,
        /// Sha256 of the file.
        found: String,
        /// Sha256 in the release.
        expected: String,
    },
    /// The numbers in the header of an rpm are wrong.
    #[error("{} is not a package of rpm that a repository can list: {problem}", path.display())]
    RpmHeader {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: &'static str,
    },
    /// A file is not an rpm.
    #[error("{} is not a package of rpm that a repository can list", path.display())]
    Rpm {
        /// The file.
        path: PathBuf,
        /// What the library said.
        #[source]
        source: rpm::Error,
    },
    /// A file is not a Debian package.
    #[error("{} is not a Debian package that a repository can list: {problem}", path.display())]
    Deb {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// An rpm is not signed with the key of the repository.
    #[error("{} is not signed with the package key {key}", path.display())]
    Unsigned {
        /// The file.
        path: PathBuf,
        /// Fingerprint of the key.
        key: String,
    },
    /// The earlier repository is somebody else's, or signed with another key.
    #[error(
        "the repository {} is not signed with the package key {key}: {problem}",
        path.display()
    )]
    Foreign {
        /// Its directory.
        path: PathBuf,
        /// Fingerprint of the key.
        key: String,
        /// What does not match.
        problem: String,
    },
    /// Something could not be written.
    #[error("could not write the repository in {}", path.display())]
    Unwritable {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl RepositoryError {
    /// For `map_err`.
    pub(super) fn unwritable(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Unwritable { path, source }
    }
}
