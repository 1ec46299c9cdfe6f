//! Arguments of `kmembuild release` and `kmembuild lock`.

use std::path::PathBuf;

use clap::Args;

use super::build::CacheArguments;
use super::format::Format;
use super::non_empty::non_empty;
use super::part::PartChoice;
use crate::recipe::ByteSize;
use crate::transport::Reference;

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
    /// Print what would be built, what is built already and what needs no build, without building
    #[arg(long, visible_alias = "dry-run")]
    pub plan: bool,
    /// Only targets of this directory in the release, e.g. runc, 'runc/v1.0.0-rc9*' or '*/linux-arm64'
    #[arg(long, value_name = "GLOB", value_parser = non_empty())]
    pub only: Vec<String>,
    /// Only make this part of the release, e.g. 2/5; `ci` for the part of this job of GitLab's `parallel`
    #[arg(long, value_name = "K/N", conflicts_with_all = ["only", "prune", "merge"])]
    pub partition: Option<PartChoice>,
    /// The index.json of an earlier release: parts are made to take equally long by its durations
    #[arg(long, value_name = "FILE", requires = "partition")]
    pub durations: Option<PathBuf>,
    /// Make one release of these parts, or without a directory of what the shared cache has, without building
    #[arg(long, value_name = "DIR", num_args = 0.., conflicts_with_all = ["plan", "only", "jobs", "fail_fast", "no_cache", "junit"])]
    pub merge: Option<Vec<PathBuf>>,
    /// Maximum number of builds at a time; by default as many as the engine's processors and memory allow
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub jobs: Option<u32>,
    /// Continue with the other targets when one fails; this is the default
    #[arg(long, hide = true, conflicts_with = "fail_fast")]
    pub keep_going: bool,
    /// Stop the other targets when one fails
    #[arg(long)]
    pub fail_fast: bool,
    /// Remove results, and records of failed builds, that no target of the release file has; nothing if a target fails
    #[arg(long, conflicts_with_all = ["plan", "only"])]
    pub prune: bool,
    /// Refuse inputs that do not match kmembuild.lock next to the release file; this is the default if CI is set
    #[arg(long)]
    pub locked: bool,
    /// Ignore kmembuild.lock, even if CI is set
    #[arg(long, conflicts_with = "locked")]
    pub unlocked: bool,
    /// Sign the provenance of the results and the checksums of the release with this private key: Ed25519 or ECDSA P-256 in PEM
    #[arg(long, value_name = "FILE")]
    pub sign_key: Option<PathBuf>,
    /// Sign the rpm packages with this secret key, exported by gpg without a pass phrase: RSA, or Ed25519, which old versions of rpm cannot check
    #[arg(long, value_name = "FILE")]
    pub package_key: Option<PathBuf>,
    /// Directory for the results, instead of the one in the release file
    #[arg(long, short, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Write what came of each target to this file, as a test report that GitLab, Jenkins and other CI systems show
    #[arg(long, value_name = "FILE", conflicts_with = "plan")]
    pub junit: Option<PathBuf>,
    /// Push the release there when all of it is published, as `kmembuild push` does: REGISTRY/PREFIX[:TAG] or oci:DIR[:TAG]
    #[arg(long, value_name = "REF", conflicts_with_all = ["plan", "partition"])]
    pub push: Option<Reference>,
    /// Take everything from this bundle, and ask nobody; can be repeated with those that it was made since. The release file is
    /// that of the bundle, unless there is one here
    #[arg(long, value_name = "FILE", conflicts_with_all = ["unlocked", "merge", "schema"])]
    pub bundle: Vec<PathBuf>,
    /// Use of caches.
    #[command(flatten)]
    pub caches: CacheArguments,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// What to put into a bundle, and how.
#[derive(Debug, Clone, Args)]
pub struct BundleArguments {
    /// The release file; kmembuild.lock beside it says what goes into the bundle
    #[arg(value_name = "FILE", default_value = "release.yaml")]
    pub file: PathBuf,
    /// The bundle; an earlier one of that name is replaced
    #[arg(long, short, value_name = "FILE", default_value = "release.oci.tar")]
    pub output: PathBuf,
    /// Leave out what this earlier bundle has; both are needed to build then
    #[arg(long, value_name = "FILE")]
    pub since: Option<PathBuf>,
    /// Write parts of at most this size, FILE.001, FILE.002 and so on, e.g. 4GiB
    #[arg(long, value_name = "SIZE")]
    pub split: Option<ByteSize>,
    /// Only show what would be in it; nothing is fetched but the sources, whose plans say it
    #[arg(long)]
    pub dry_run: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// What to write into a lock file.
#[derive(Debug, Clone, Args)]
pub struct LockArguments {
    /// The release file; kmembuild.lock is written next to it
    #[arg(value_name = "FILE", default_value = "release.yaml")]
    pub file: PathBuf,
    /// Only update this input: the name of a recipe, a version, a patch or an image; all others keep their locks
    #[arg(long, value_name = "NAME", value_parser = non_empty())]
    pub update: Vec<String>,
    /// Only print what moved, and write nothing
    #[arg(long)]
    pub dry_run: bool,
}
