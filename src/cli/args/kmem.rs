//! Arguments of `kmembuild kmem`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What to do about kernel memory on this machine.
#[derive(Debug, Subcommand)]
pub enum KmemCommand {
    /// Tell whether the cgroups of kubelet and of containers have accounting: exit code 0 when it is off, 3 when it is on,
    /// 4 when nothing tells
    Status(StatusArguments),
}

/// What to look at, and where to tell it.
#[derive(Debug, Args)]
pub struct StatusArguments {
    /// Folder of the memory hierarchy of cgroup v1, or of a cgroup in it; the mounted hierarchy if not given
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Name every cgroup that is judged, and everything that could not be read
    #[arg(long)]
    pub all: bool,
    /// Write the metrics also to this file, whose name ends in .prom, for the textfile collector of Prometheus' node
    /// exporter; it gets its name when it is whole
    #[arg(long, value_name = "FILE")]
    pub textfile: Option<PathBuf>,
}
