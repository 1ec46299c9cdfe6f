//! Arguments of `kmembuild verify`.

use std::path::PathBuf;

use clap::Args;

use super::format::Format;
use crate::recipe::Architecture;
use crate::verify::GlibcVersion;

/// What `verify` checks.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches of the command line"
)]
pub struct VerifyArguments {
    /// Binaries to check; or directories of releases or results, which are compared with everything recorded in them
    #[arg(required = true, value_name = "FILE|DIR")]
    pub files: Vec<PathBuf>,
    /// Public key in PEM with which results must be signed; can be repeated, one of them is enough
    #[arg(long, value_name = "FILE")]
    pub key: Vec<PathBuf>,
    /// Highest glibc version that they may require. By default that of this machine's C library, of a file in the directory
    /// of a result that of its plan, and of another architecture 2.17, that of `CentOS` 7
    #[arg(long, value_name = "VERSION")]
    pub glibc_floor: Option<GlibcVersion>,
    /// Architecture that they must be built for, by Go's name
    #[arg(long, value_name = "ARCH")]
    pub arch: Option<Architecture>,
    /// Require static linking
    #[arg(long = "static")]
    pub static_linked: bool,
    /// Do not check kernel-memory accounting: the programs do not make containers
    #[arg(long)]
    pub no_kmem: bool,
    /// Also run each runc or kubelet under strace, in a privileged container on the engine, and check what it writes to
    /// memory.kmem.*: a runc makes a container with a memory limit, a kubelet (up to 1.23) starts against the engine and
    /// makes the cgroups for its pods. Exit code 11 if that is not possible here
    #[arg(long, conflicts_with_all = ["no_run", "no_kmem"])]
    pub run: bool,
    /// Do not run them with --version
    #[arg(long)]
    pub no_run: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}
