//! Arguments of `kmembuild rollout`.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::Args;

use crate::delivery::rollout::{Amount, ScriptOption, Selector, Window};
use crate::fleet::RemoteProgram;
use crate::recipe::TimeSpan;
use crate::transport::Reference;

/// Which programs, to which nodes, and how carefully.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").required(true).args(["nodes", "selector"]))]
pub struct RolloutArguments {
    /// Directories of results with a runc or kubelet, or their manifests; at most one of each
    #[arg(required = true, value_name = "DIR|MANIFEST")]
    pub results: Vec<PathBuf>,
    /// The nodes in this file, in this order: one a line, its name in the cluster and, if ssh does not reach it by that,
    /// its address
    #[arg(long, value_name = "FILE")]
    pub nodes: Option<PathBuf>,
    /// The nodes with these labels when the rollout is carried out, as for `kubectl get nodes -l`
    #[arg(long, value_name = "LABELS")]
    pub selector: Option<Selector>,
    /// Directory for the rollout: a new or empty one, or that of an earlier rollout
    #[arg(long, short, value_name = "DIR", default_value = "rollout")]
    pub output: PathBuf,
    /// How many nodes come first
    #[arg(long, value_name = "N", default_value = "1")]
    pub canary: NonZeroU32,
    /// How long the first ones are watched before the others follow
    #[arg(long, value_name = "TIME", default_value = "1h")]
    pub pause: TimeSpan,
    /// How many nodes may be out of service at a time
    #[arg(long, value_name = "N|N%", default_value = "1")]
    pub max_unavailable: Amount,
    /// After more failed nodes than these, no further one is begun
    #[arg(long, value_name = "N|N%", default_value = "0")]
    pub max_failed: Amount,
    /// Only begin nodes in this time, in UTC: `22:00-04:00`, or `mon-fri 01:00-05:00`
    #[arg(long, value_name = "WINDOW")]
    pub window: Option<Window>,
    /// Do not drain nodes: nothing asks a cluster
    #[arg(long)]
    pub no_drain: bool,
    /// How long moving the pods of a node may take
    #[arg(
        long,
        value_name = "TIME",
        default_value = "10m",
        conflicts_with = "no_drain"
    )]
    pub drain_timeout: TimeSpan,
    /// Also move pods away whose emptyDir volumes are lost by that; otherwise they are a failure
    #[arg(long, conflicts_with = "no_drain")]
    pub delete_emptydir_data: bool,
    /// How long a node may take to come back from its reboot
    #[arg(long, value_name = "TIME", default_value = "20m")]
    pub reboot_timeout: TimeSpan,
    /// How long the check after the reboot may fail before it has failed: pods have to start
    #[arg(long, value_name = "TIME", default_value = "10m")]
    pub check_timeout: TimeSpan,
    /// Option for node.sh on every node, such as `--runc=PATH`; can be repeated
    #[arg(long, value_name = "OPTION", allow_hyphen_values = true)]
    pub script_option: Vec<ScriptOption>,
    /// Path of kmembuild on the nodes, for the report
    #[arg(long, value_name = "PATH", default_value = "kmembuild")]
    pub remote: RemoteProgram,
    /// Image of `push --node-image`, REGISTRY/REPOSITORY:TAG, for plans of an upgrade controller
    #[arg(long, value_name = "REF")]
    pub image: Option<Reference>,
    /// Only show which files would be written
    #[arg(long)]
    pub dry_run: bool,
}
