//! Arguments of `kmembuild verify`.

use std::path::PathBuf;

use clap::Args;

use crate::recipe::Architecture;
use crate::verify::GlibcVersion;

/// What `verify` holds binaries and releases to.
#[derive(Debug, Args)]
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
    /// Do not run them with --version
    #[arg(long)]
    pub no_run: bool,
}
