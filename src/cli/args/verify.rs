//! Arguments of `kmembuild verify`.

use std::path::PathBuf;

use clap::Args;

use super::format::Format;
use crate::recipe::Architecture;
use crate::verify::GlibcVersion;

/// What `verify` holds binaries and releases to.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches of the command line"
)]
pub struct VerifyArguments {
    /// Binaries; or folders of releases or of single results, which are held against all that is written down in them
    #[arg(required = true, value_name = "FILE|DIR")]
    pub files: Vec<PathBuf>,
    /// Public key that results must be signed with, in PEM; one of them where it is given several times
    #[arg(long, value_name = "FILE")]
    pub key: Vec<PathBuf>,
    /// Highest version of the GNU C library that they may need
    #[arg(long, value_name = "VERSION", default_value = "2.17")]
    pub glibc_floor: GlibcVersion,
    /// Architecture that they must be for, in Go's terms
    #[arg(long, value_name = "ARCH")]
    pub arch: Option<Architecture>,
    /// They must be statically linked
    #[arg(long = "static")]
    pub static_linked: bool,
    /// Do not judge kernel-memory accounting: they are programs that make no containers
    #[arg(long)]
    pub no_kmem: bool,
    /// Run each of them, a runc or a kubelet, under strace in a container on the engine that may do there what root may,
    /// and judge it by what it writes to memory.kmem.*: a runc makes a container with a memory limit, a kubelet (up to
    /// 1.23) starts against the engine and makes the cgroups of its pods. Exit code 11 where that cannot be shown
    #[arg(long, conflicts_with_all = ["no_run", "no_kmem"])]
    pub run: bool,
    /// Do not run them with --version
    #[arg(long)]
    pub no_run: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}
