//! Names of what is in a repository, and where.

use std::fmt;

use serde::{Deserialize, Serialize};

pub use crate::artifacts::REPOSITORIES;

/// Directory of repositories for yum and dnf, below [`REPOSITORIES`].
pub const YUM: &str = "yum";
/// Directory of the repository for apt, below [`REPOSITORIES`].
pub const APT: &str = "apt";

/// The public key, beside the metadata.
pub(super) const KEY_FILE: &str = "packages.asc";
/// The settings for yum and dnf.
pub(super) const REPO_FILE: &str = "kmembuild.repo";
/// The settings for apt.
pub(super) const SOURCES_FILE: &str = "kmembuild.sources";
/// The only component of a suite.
pub(super) const COMPONENT: &str = "main";
/// Largest file of metadata in bytes, compressed or not.
pub(super) const LARGEST_METADATA: u64 = 256 << 20;

/// Kinds of repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RepositoryKind {
    /// For yum and dnf.
    Yum,
    /// For apt.
    Apt,
}

impl RepositoryKind {
    /// The end of its packages' names.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Yum => ".rpm",
            Self::Apt => ".deb",
        }
    }
}

impl fmt::Display for RepositoryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Yum => YUM,
            Self::Apt => APT,
        })
    }
}

/// Whether a yum repository is for a distribution whose rpm only checks RSA: `el7` and before.
pub fn is_old_rpm(name: &str) -> bool {
    let number = ["el", "centos", "rhel"]
        .into_iter()
        .find_map(|distribution| name.strip_prefix(distribution));
    let number = number.map(|number| number.trim_start_matches(['-', '_']));
    let digits = number.and_then(|number| number.split(|c: char| !c.is_ascii_digit()).next());
    digits
        .and_then(|digits| digits.parse::<u32>().ok())
        .is_some_and(|number| number <= 7)
}

#[cfg(test)]
mod tests {
    use super::is_old_rpm;

    #[test]
    fn el7_has_an_old_rpm() {
        for name in ["el7", "el6", "centos7", "rhel-7", "el7.9", "el7-x86"] {
            assert!(is_old_rpm(name), "{name}");
        }
        for name in ["el8", "el9", "el70", "fedora40", "stable", "el", "7"] {
            assert!(!is_old_rpm(name), "{name}");
        }
    }
}
