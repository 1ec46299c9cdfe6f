//! Arguments of `kmembuild repository`.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::Args;

use super::format::Format;
use crate::recipe::{Name, RepositoryUrl};

/// Which repositories, of which releases.
#[derive(Debug, Clone, Args)]
#[command(group = clap::ArgGroup::new("kinds").required(true).multiple(true).args(["yum", "apt"]))]
pub struct RepositoryArguments {
    /// Directories of releases
    #[arg(value_name = "DIR", required = true)]
    pub releases: Vec<PathBuf>,
    /// Directory for the repositories; what they have already stays
    #[arg(long, short, value_name = "DIR", default_value = "repositories")]
    pub output: PathBuf,
    /// Make a repository of this name for yum and dnf, e.g. el7
    #[arg(long, value_name = "NAME")]
    pub yum: Option<Name>,
    /// Make a suite of this name for apt, e.g. stable
    #[arg(long, value_name = "SUITE")]
    pub apt: Option<Name>,
    /// Where nodes find the output directory
    #[arg(long, value_name = "URL")]
    pub url: Option<RepositoryUrl>,
    /// Only keep the newest N versions of each package and architecture; by default all stay
    #[arg(long, value_name = "N")]
    pub keep: Option<NonZeroU32>,
    /// Sign with this secret key, exported by gpg without a pass phrase; the rpm packages must be signed with the same
    #[arg(long, value_name = "FILE")]
    pub package_key: PathBuf,
    /// Public key that the releases must be signed with; any of several
    #[arg(long, value_name = "FILE")]
    pub key: Vec<PathBuf>,
    /// Only show what would change
    #[arg(long)]
    pub dry_run: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}
