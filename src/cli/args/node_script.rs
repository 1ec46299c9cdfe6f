//! Arguments of `kmembuild node-script`.

use std::path::PathBuf;

use clap::Args;

/// The binaries for which to write a script, and where.
#[derive(Debug, Args)]
pub struct NodeScriptArguments {
    /// Directories of results with a runc or kubelet, or their manifests; at most one of each
    #[arg(required = true, value_name = "DIR|MANIFEST")]
    pub results: Vec<PathBuf>,
    /// File for the script; by default standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Only show what would be written to the file
    #[arg(long, requires = "output")]
    pub dry_run: bool,
}
