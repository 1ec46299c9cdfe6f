//! Arguments of `kmembuild work`.

use std::path::PathBuf;

use clap::Args;

use crate::transport::Reference;

/// What to do in a pod.
#[derive(Debug, Clone, Args)]
pub struct WorkArguments {
    /// Copy this program to a file, and do nothing else
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "input",
        required_unless_present = "input"
    )]
    pub install: Option<PathBuf>,
    /// The artifact with the inputs, by its digest
    #[arg(long, value_name = "REF")]
    pub input: Option<Reference>,
    /// Name of the node
    #[arg(long, value_name = "NAME")]
    pub node: Option<String>,
    /// File for the digest of the result
    #[arg(long, value_name = "FILE", default_value = "/dev/termination-log")]
    pub report: PathBuf,
}
