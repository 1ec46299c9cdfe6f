//! Arguments of `kmembuild node` and `kmembuild fleet`.

use std::path::PathBuf;

use clap::Args;

use super::format::{Format, StatusFormat};
use crate::fleet::{RemoteProgram, SshHost};
use crate::recipe::TimeSpan;

/// What to read of this node.
#[derive(Debug, Args)]
pub struct NodeArguments {
    /// Directory of the cgroup v1 memory hierarchy, or of a cgroup in it; by default the mounted hierarchy
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Measurements of this node by `kmem watch --csv`, for when all memory cgroups are used; those from before the last
    /// start of the machine do not count
    #[arg(long, value_name = "FILE.csv")]
    pub measurements: Option<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: StatusFormat,
}

/// Whose documents to compare.
#[derive(Debug, Args)]
pub struct FleetArguments {
    /// Documents of `node --format json`, one or many in a file; directories of such files; `-` for standard input
    #[arg(value_name = "FILE|DIR|-", required_unless_present_any = ["ssh", "ssh_hosts"])]
    pub files: Vec<PathBuf>,
    /// Ask this host over SSH, as `ssh` knows it; can be repeated. Nobody is asked for a password
    #[arg(long, value_name = "HOST")]
    pub ssh: Vec<SshHost>,
    /// Ask the hosts in this file, one a line
    #[arg(long, value_name = "FILE")]
    pub ssh_hosts: Option<PathBuf>,
    /// Path of kmembuild on the hosts that are asked
    #[arg(long, value_name = "PATH", default_value = "kmembuild")]
    pub remote: RemoteProgram,
    /// Time limit for each host that is asked
    #[arg(long, value_name = "TIME", default_value = "60s")]
    pub timeout: TimeSpan,
    /// How many hosts are asked at a time
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub at_once: u16,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}
