//! Arguments of `kmembuild kmem`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::format::{Format, StatusFormat};
use super::non_empty::non_empty;
use crate::recipe::TimeSpan;

/// What to do about kernel memory on this machine.
#[derive(Debug, Subcommand)]
pub enum KmemCommand {
    /// Show whether the cgroups of kubelet and of containers have kernel-memory accounting: exit code 0 if it is off, 3 if
    /// it is on, 4 if it could not be determined
    #[command(before_help = "Example: kmembuild kmem status")]
    Status(StatusArguments),
    /// Record slab caches, memory cgroups and kernel memory over time, as a chart, as CSV and as an HTML page
    ///
    /// Ctrl-C, q in the chart or a lost connection end the recording properly: everything measured is written.
    #[command(before_help = "Example: kmembuild kmem watch --html kmem.html")]
    Watch(WatchArguments),
    /// Draw one or two recordings of `kmem watch --csv` later, and print what they say
    ///
    /// Of two, the first one is the earlier one, with which the second one is compared.
    #[command(before_help = "Example: kmembuild kmem report before.csv after.csv --html kmem.html")]
    Report(ReportArguments),
    /// Provoke the error of the leak: fill memory cgroups as the leak does, show the error of a new pod, and remove them
    ///
    /// Requires root. Everything it makes is removed, even if it fails or is interrupted; after a kill, use --cleanup.
    #[command(
        alias = "reproduce",
        before_help = "Example: kmembuild kmem exhaust --count 60000 --yes"
    )]
    Exhaust(ExhaustArguments),
}

/// What to read, and where to write the result.
#[derive(Debug, Args)]
pub struct StatusArguments {
    /// Directory of the cgroup v1 memory hierarchy, or of a cgroup in it; by default the mounted hierarchy
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// List every cgroup that is checked, and everything that could not be read
    #[arg(long)]
    pub all: bool,
    /// Also write the metrics to this file for the textfile collector of Prometheus' node exporter; its name must end in
    /// .prom, and it is replaced in one step
    #[arg(long, value_name = "FILE")]
    pub textfile: Option<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: StatusFormat,
}

/// What to record, for how long, and how to write it.
#[derive(Debug, Args)]
pub struct WatchArguments {
    /// Directory of the cgroup v1 memory hierarchy, or of a cgroup in it; by default the mounted hierarchy
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Time between two measurements
    #[arg(long, value_name = "TIME", default_value = "10s")]
    pub interval: TimeSpan,
    /// How long to record; until interrupted if neither this nor --count is given
    #[arg(long, value_name = "TIME", conflicts_with = "count")]
    pub duration: Option<TimeSpan>,
    /// How many measurements to make
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// New file for the measurements, written line by line; without it they go to standard output, unless there is a chart
    /// or JSON
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// File for an HTML page with the curves, written at the end; it is self-contained
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Measurements of an earlier run, shown below the curves of this one
    #[arg(long, value_name = "OLD.csv")]
    pub compare: Option<PathBuf>,
    /// Name of this recording in the chart and on the page; given again, the name of the one of --compare. By default the
    /// names of the files
    #[arg(long = "label", value_name = "NAME", value_parser = non_empty())]
    pub labels: Vec<String>,
    /// Also write growth and forecast as metrics to this file after each measurement, for the textfile collector of
    /// Prometheus' node exporter; its name must end in .prom, and it is replaced in one step
    #[arg(long, value_name = "FILE")]
    pub textfile: Option<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Which recordings to draw, and how.
#[derive(Debug, Args)]
pub struct ReportArguments {
    /// Recording of `kmem watch --csv`; of two, the earlier one first
    #[arg(required = true, num_args = 1..=2, value_name = "FILE.csv")]
    pub files: Vec<PathBuf>,
    /// File for an HTML page with the curves; it is self-contained
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Name of a recording in the table and on the page, in the order of the files; by default the names of the files
    #[arg(long = "label", value_name = "NAME", value_parser = non_empty())]
    pub labels: Vec<String>,
    /// Output format; metrics are those of the last file
    #[arg(long, value_enum, default_value_t)]
    pub format: StatusFormat,
}

/// How many memory cgroups to make.
#[derive(Debug, Args)]
pub struct ExhaustArguments {
    /// How many memory cgroups to make. The last 200 of the kernel's 65535 are kept free for the system, as far as the
    /// kernel counts them: kernels before 3.19 do not count leaked ones
    #[arg(long, value_name = "N", required_unless_present = "cleanup", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// Confirm: new pods may fail on this machine meanwhile. Each cgroup needs about 10 KB of memory, and 2 KB per
    /// processor; it stops when less than a tenth of the memory is available
    #[arg(long)]
    pub yes: bool,
    /// Only remove what a killed run left behind
    #[arg(long, conflicts_with_all = ["count", "yes"])]
    pub cleanup: bool,
    /// Directory of the cgroup v1 memory hierarchy; by default the mounted hierarchy
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Only show what would be made or removed; this needs no confirmation
    #[arg(long)]
    pub dry_run: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}
