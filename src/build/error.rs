//! How a build can fail.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::cluster::ClusterBuildError;
use crate::artifacts::{ArtifactError, ManifestFile};
use crate::attestation::AttestError;
use crate::delivery::packaging::PackagingError;
use crate::engine::EngineError;
use crate::execute::{ExecuteError, RunCheckError};
use crate::facts::FactsError;
use crate::library::LibraryError;
use crate::like::LikeError;
use crate::plan::PlanError;
use crate::private_directory::NotPrivate;
use crate::recipe::ImageWay;
use crate::source::SourceError;
use crate::verify::VerifyError;

/// A build that published nothing.
#[derive(Debug)]
pub struct FailedBuild {
    /// Why.
    pub error: BuildError,
    /// What became of its log.
    pub log: FailureLog,
    /// Whether the recipe has a way to build with less memory, and it was not asked for.
    pub could_save_memory: bool,
}

/// The log of a failed build.
#[derive(Debug)]
pub enum FailureLog {
    /// There is nothing in it, or nothing that anybody needs.
    None,
    /// It was kept in this file.
    Kept(PathBuf),
    /// It could not be kept.
    Lost(ArtifactError),
}

impl std::fmt::Display for FailedBuild {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(formatter)
    }
}

impl std::error::Error for FailedBuild {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

impl From<BuildError> for FailedBuild {
    fn from(error: BuildError) -> Self {
        Self {
            error,
            log: FailureLog::None,
            could_save_memory: false,
        }
    }
}

/// Why an order could not be carried out.
#[derive(Debug, Error)]
pub enum BuildError {
    /// The recipe could not be read.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// The directory for the result is that of a release, whose index, checksums and signature are for all files in it.
    #[error("{} is the directory of a release: one more result would contradict its index and its signature", output.display())]
    IntoRelease {
        /// The directory for results.
        output: PathBuf,
        /// Name of the recipe.
        recipe: String,
    },
    /// A ready image and a way to make one were both asked for.
    #[error("image {image} is ready-made, but the way {way} makes an image; choose one of the two")]
    TwoImages {
        /// The ready image.
        image: String,
        /// The way that makes another one.
        way: ImageWay,
    },
    /// The source is to be fetched anew, and nothing may be fetched.
    #[error("the source cannot be fetched again while offline")]
    RefreshOffline,
    /// No version was asked for, and the recipe has many.
    #[error("no version given for {recipe}{}", versions(needed, known))]
    NoVersion {
        /// The recipe.
        recipe: String,
        /// A line for each class of its versions that has to be built.
        needed: Vec<String>,
        /// The versions that it knows, in their order.
        known: Vec<String>,
    },
    /// The recipe builds one version, and another was asked for.
    #[error("recipe {recipe} builds only {version}, not {asked}")]
    OnlyVersion {
        /// The recipe.
        recipe: String,
        /// The version that it builds.
        version: String,
        /// The version that was asked for.
        asked: String,
    },
    /// The version that a node has could not be read, or is not upstream's.
    #[error(transparent)]
    Like(#[from] LikeError),
    /// What a plan depends on could not be read.
    #[error(transparent)]
    Facts(#[from] FactsError),
    /// The source could not be fetched.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The commit that a node's program reports could not be fetched.
    #[error(transparent)]
    ReportedCommit(SourceError),
    /// No plan could be made.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The library's patches are not the ones that a published result was built with.
    #[error(
        "the patches of recipe {recipe} ({origin}) do not match those of the result:{}",
        crate::failure::indented(wrong)
    )]
    OtherPatches {
        /// The recipe.
        recipe: String,
        /// Where the recipe came from.
        origin: String,
        /// A line for each patch that differs.
        wrong: Vec<String>,
        /// Name and version of the tool that built the result.
        built_by: String,
        /// Where the recipe that it was built with came from.
        built_with: String,
    },
    /// Nothing is to be built, and no cache has the result.
    #[error("{recipe} {version} is in no cache, and nothing is built here")]
    NotInCache {
        /// The recipe.
        recipe: String,
        /// The version.
        version: String,
    },
    /// A published result was built on another architecture than the engine's.
    #[error("the result was built in an image for {image}, but the engine runs {engine}")]
    OtherArchitecture {
        /// Architecture of the image.
        image: String,
        /// Architecture of the engine.
        engine: String,
    },
    /// The source that was served is not the one that a published result was built from.
    #[error("{version} at {url} has the {what} {found}, but the result was built from {planned}")]
    OtherSource {
        /// Tag or commit.
        version: String,
        /// Who served it.
        url: String,
        /// `commit` or `tree`.
        what: &'static str,
        /// What was served.
        found: String,
        /// What the result was built from.
        planned: String,
    },
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A build on a cluster has no result.
    #[error(transparent)]
    Cluster(#[from] ClusterBuildError),
    /// The plan could not be carried out.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
    /// A result could not be stored.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// The cache directory is not the user's own.
    #[error("the cache directory {} cannot be trusted", path.display())]
    CacheDirectory {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: NotPrivate,
    },
    /// The directory for temporary files cannot be used.
    #[error("could not write to {}, the directory for temporary files", path.display())]
    TemporaryDirectory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The run could not be registered.
    #[error("could not write to {}", path.display())]
    Registration {
        /// Directory of the registrations.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// An output could not be inspected.
    #[error(transparent)]
    Inspect(#[from] VerifyError),
    /// An output changed after it was collected.
    #[error("{file} changed on disk between being collected and being checked")]
    Changed {
        /// The output.
        file: String,
    },
    /// A program could not be judged by running it.
    #[error(transparent)]
    RunCheck(#[from] RunCheckError),
    /// The build succeeded and its outputs do not pass their checks.
    #[error(
        "the build does not pass its checks and is not published: {}",
        failed_names(files)
    )]
    Unproven {
        /// All outputs with their checks.
        files: Vec<ManifestFile>,
    },
    /// The bill of materials could not be written.
    #[error(transparent)]
    Materials(#[from] AttestError),
    /// A package was asked for that the recipe does not describe.
    #[error("recipe {recipe} does not describe a package")]
    NoPackage {
        /// The recipe.
        recipe: String,
    },
    /// The result could not be packaged.
    #[error(transparent)]
    Packaging(#[from] PackagingError),
    /// A staged file could not be read back.
    #[error("could not read {}", path.display())]
    Staged {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The staged plan is not a plan.
    #[error("could not read the plan in {}", path.display())]
    StagedPlan {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A thread that was to read what a node has came to an end without an answer.
    #[error("reading the version failed")]
    Reader(#[source] tokio::task::JoinError),
    /// The user stopped the run.
    #[error("interrupted; nothing was published, and an earlier result is untouched")]
    Interrupted,
}

impl BuildError {
    /// Whether the user stopped the run, at whatever stage.
    pub fn is_interruption(&self) -> bool {
        match self {
            Self::Interrupted
            | Self::Execute(
                ExecuteError::Interrupted | ExecuteError::Source(SourceError::Cancelled { .. }),
            )
            | Self::RunCheck(RunCheckError::Execute(ExecuteError::Interrupted))
            | Self::Artifact(ArtifactError::StoppedWaiting)
            | Self::Source(SourceError::Cancelled { .. })
            | Self::ReportedCommit(SourceError::Cancelled { .. }) => true,
            Self::Facts(FactsError::Tree(error)) => matches!(error, SourceError::Cancelled { .. }),
            _ => false,
        }
    }

    /// Whether an input is not the one that it has to be, by a pin, a lock file or a published manifest.
    pub fn is_mismatch(&self) -> bool {
        match self {
            Self::Like(error) => matches!(error.root(), LikeError::OtherCommit { .. }),
            Self::Source(SourceError::PinMismatch { .. })
            | Self::OtherPatches { .. }
            | Self::OtherSource { .. }
            | Self::Execute(ExecuteError::ImageMoved { .. } | ExecuteError::Toolchain { .. }) => {
                true
            }
            _ => false,
        }
    }
}

/// Most versions that are listed; of more, the first and the last one are named.
const LISTED_VERSIONS: usize = 8;

/// Which versions there are, and which of them have to be built.
fn versions(needed: &[String], known: &[String]) -> String {
    let mut text = String::new();
    if !needed.is_empty() {
        text += "; these versions need this build:";
        text += &crate::failure::indented(needed);
    }
    let listed = match known {
        [] => return text,
        [first, .., last] if known.len() > LISTED_VERSIONS => {
            format!("{first} to {last}, and any other tag or commit of its repository")
        }
        _ => known.join(", "),
    };
    let place = if needed.is_empty() { "; " } else { "\n" };
    text + place + "known versions: " + &listed
}

fn failed_names(files: &[ManifestFile]) -> String {
    let failed = files.iter().filter(|file| !file.passed());
    let names: Vec<_> = failed.map(|file| file.name.as_str()).collect();
    names.join(", ")
}
