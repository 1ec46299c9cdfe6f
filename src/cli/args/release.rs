//! Arguments of `kmembuild release` and `kmembuild lock`.

use std::path::PathBuf;

use clap::Args;

use super::build::CacheArguments;
use super::format::Format;
use super::given::given;

/// Which release, and how.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
pub struct ReleaseArguments {
    /// The release file
    #[arg(value_name = "FILE", default_value = "release.yaml")]
    pub file: PathBuf,
    /// Print the JSON schema of release files, and nothing else
    #[arg(long)]
    pub schema: bool,
    /// Print what would be built, what is built already and what is not needed, without doing it
    #[arg(long)]
    pub plan: bool,
    /// Only targets whose name (RECIPE/VERSION/ARCH) fits, e.g. 'runc/*'
    #[arg(long, value_name = "GLOB", value_parser = given())]
    pub only: Vec<String>,
    /// Most builds at a time; as many as the engine's processors and memory allow if not given
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub jobs: Option<u32>,
    /// Go on with the other targets when one fails; so it is anyway
    #[arg(long, conflicts_with = "fail_fast")]
    pub keep_going: bool,
    /// Stop the other targets when one fails
    #[arg(long)]
    pub fail_fast: bool,
    /// Refuse inputs that are not those of kmembuild.lock beside the file; so it is where CI is set
    #[arg(long)]
    pub locked: bool,
    /// Do not look at kmembuild.lock, not even where CI is set
    #[arg(long, conflicts_with = "locked")]
    pub unlocked: bool,
    /// Sign the provenance of the results and the checksums of the release with this private key, an ed25519 or ECDSA P-256 one in a PEM file
    #[arg(long, value_name = "FILE")]
    pub sign_key: Option<PathBuf>,
    /// Folder for the results, instead of the file's
    #[arg(long, short, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// What may be taken from where.
    #[command(flatten)]
    pub caches: CacheArguments,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// What to write into a lock file.
#[derive(Debug, Clone, Args)]
pub struct LockArguments {
    /// The release file; kmembuild.lock is written beside it
    #[arg(value_name = "FILE", default_value = "release.yaml")]
    pub file: PathBuf,
    /// Only this input: the name of a recipe, a version, a patch or an image. All others stay as they are locked
    #[arg(long, value_name = "NAME", value_parser = given())]
    pub update: Vec<String>,
}
