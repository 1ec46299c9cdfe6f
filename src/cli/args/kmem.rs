//! Arguments of `kmembuild kmem`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::format::{Format, StatusFormat};
use crate::recipe::Span;

/// What to do about kernel memory on this machine.
#[derive(Debug, Subcommand)]
pub enum KmemCommand {
    /// Tell whether the cgroups of kubelet and of containers have accounting: exit code 0 when it is off, 3 when it is on,
    /// 4 when nothing tells
    Status(StatusArguments),
    /// Watch slab caches, memory cgroups and kernel memory over time, as a chart, as CSV and as a page with the curves
    ///
    /// Ctrl-C and a lost connection end it well: what was measured is written.
    Watch(WatchArguments),
    /// Fill memory cgroups in a folder of its own, as the leak does, show the error that a new pod gets, and remove them
    ///
    /// Needs root. What it made is removed whether it succeeds, fails or is interrupted; after a kill, --cleanup does it.
    Reproduce(ExhaustArguments),
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
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: StatusFormat,
}

/// What to watch, for how long, and what to make of it.
#[derive(Debug, Args)]
pub struct WatchArguments {
    /// Folder of the memory hierarchy of cgroup v1, or of a cgroup in it; the mounted hierarchy if not given
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Time between two measurements
    #[arg(long, value_name = "TIME", default_value = "10s")]
    pub interval: Span,
    /// How long to watch; until it is interrupted if neither this nor --count is given
    #[arg(long, value_name = "TIME", conflicts_with = "count")]
    pub duration: Option<Span>,
    /// How often to measure
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// New file for the measurements, written line by line; without it they go to standard output, unless a chart is drawn
    /// or JSON wanted
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// File for one page with the curves, written at the end; it needs nothing but a browser
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Measurements of an earlier watch, to lay under the curves of this one
    #[arg(long, value_name = "OLD.csv")]
    pub compare: Option<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// How far to fill the memory hierarchy.
#[derive(Debug, Args)]
pub struct ExhaustArguments {
    /// How many memory cgroups to make. The last 200 of the 65535 that a kernel can have are left to the machine, as far as
    /// it counts them: kernels before 3.19 do not count what leaked
    #[arg(long, value_name = "N", required_unless_present = "cleanup", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// Do it: new pods may fail on this machine as long as it takes. Each cgroup takes about 10 KB of its memory and 2 KB a
    /// processor; it stops when less than a tenth of the memory is available
    #[arg(long)]
    pub yes: bool,
    /// Remove what a killed run left, and nothing else
    #[arg(long, conflicts_with_all = ["count", "yes"])]
    pub cleanup: bool,
    /// Folder of the memory hierarchy of cgroup v1; the mounted hierarchy if not given
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}
