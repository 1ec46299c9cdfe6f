//! What is asked of a repository.

use std::num::NonZeroU32;
use std::path::PathBuf;

use crate::attestation::PackageKey;
use crate::recipe::{Name, RepositoryUrl};

/// Which repositories to make, of which packages.
#[derive(Debug, Clone)]
pub struct RepositoryOrder<'a> {
    /// Directory for the repositories: `yum/NAME` and `apt` appear in it.
    pub root: PathBuf,
    /// Name of a repository for yum and dnf.
    pub yum: Option<Name>,
    /// Name of a suite for apt.
    pub apt: Option<Name>,
    /// Where clients find `root`; without it their settings have a place to fill in.
    pub url: Option<RepositoryUrl>,
    /// Versions to keep of each package and architecture, the newest; all where it is not given.
    pub keep: Option<NonZeroU32>,
    /// The key to sign with, and that packages of rpm are signed with.
    pub key: &'a PackageKey,
    /// Whether nothing is written, only looked at.
    pub is_dry_run: bool,
    /// The packages; those that the repository has already stay.
    pub packages: Vec<RepositoryPackage>,
}

/// A package of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryPackage {
    /// Where it is; its name has the ending of its kind.
    pub path: PathBuf,
    /// Its size in bytes, as the release has it.
    pub size: u64,
    /// Its sha256, as the release has it.
    pub sha256: String,
}
