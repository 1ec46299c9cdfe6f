//! Arguments of `kmembuild push` and `kmembuild pull`.

use std::path::PathBuf;

use clap::Args;

use super::format::Format;
use crate::recipe::{Architecture, TimeSpan};
use crate::transport::Reference;

/// What to push, and where to.
#[derive(Debug, Args)]
pub struct PushArguments {
    /// Directory of a result, or of a release
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// REGISTRY/REPOSITORY[:TAG], or oci:DIR[:TAG] for an OCI layout on disk; without a tag, a result gets those of its
    /// version, and a release `latest`. Of a release, each recipe has a repository below this one
    #[arg(value_name = "REF")]
    pub reference: Reference,
    /// Push an image instead, for the nodes of a cluster: the runc or kubelet of the result and `node.sh`, and nothing else
    #[arg(long)]
    pub node_image: bool,
    /// Directory of another result for the same image: the kubelet beside the runc
    #[arg(long, value_name = "DIR", requires = "node_image")]
    pub with: Option<PathBuf>,
    /// How long the registry may send nothing; 30s by default
    #[arg(long, value_name = "TIME")]
    pub stall_timeout: Option<TimeSpan>,
    /// Only show what would be pushed; the registry is asked what it has
    #[arg(long)]
    pub dry_run: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// What to pull, and where to.
#[derive(Debug, Args)]
pub struct PullArguments {
    /// REGISTRY/REPOSITORY:TAG or @DIGEST, or oci:DIR:TAG for an OCI layout on disk
    #[arg(value_name = "REF")]
    pub reference: Reference,
    /// Directory for the result or the release; an earlier one in it is replaced in one step, once the new one is verified
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// Public key in PEM with which it must be signed; can be repeated, one of them is enough
    #[arg(long, value_name = "FILE")]
    pub key: Vec<PathBuf>,
    /// Architecture, by Go's name, where there are several; by default this machine's
    #[arg(long, value_name = "ARCH")]
    pub arch: Option<Architecture>,
    /// How long the registry may send nothing; 30s by default
    #[arg(long, value_name = "TIME")]
    pub stall_timeout: Option<TimeSpan>,
    /// Only show what would be pulled; nothing is verified then
    #[arg(long)]
    pub dry_run: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}
