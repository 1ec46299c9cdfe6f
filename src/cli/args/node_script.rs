//! Arguments of `kmembuild node-script`.

use std::path::PathBuf;

use clap::Args;

/// For which binaries to write a script, and where.
#[derive(Debug, Args)]
pub struct NodeScriptArguments {
    /// Folders of results with runc or kubelet, or their manifests; one of each at most
    #[arg(required = true, value_name = "DIR|MANIFEST")]
    pub results: Vec<PathBuf>,
    /// File for the script; standard output if not given
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}
