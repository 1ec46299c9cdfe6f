//! Where errors become failures: the exit code of each, and the one table of what a user can do about it.
//!
//! An error states a fact and knows no command line. What helps, and which option does it, is said here and nowhere else; the
//! matches are exhaustive, so that a new error has to be thought about.

use crate::advice;
use crate::artifacts::{ArtifactError, PublishedError};
use crate::attestation::{AttestError, AuditError, KeyError};
use crate::build::{BuildError, FailedBuild, FailureLog};
use crate::configuration::ConfigurationError;
use crate::delivery::packaging::PackagingError;
use crate::engine::EngineError;
use crate::execute::{ExecuteError, Lacking, Refusal, RunCheckError};
use crate::facts::FactsError;
use crate::failure::{Failure, FailureKind};
use crate::library::LibraryError;
use crate::like::LikeError;
use crate::plan::{PlanError, RequestedOption};
use crate::private_directory::NotPrivate;
use crate::release::{ReleaseError, TargetError};
use crate::reproduce::{ImageError, ReproduceError};
use crate::source::SourceError;

/// What is to be said about an error beside its text.
pub(super) struct Advice {
    kind: FailureKind,
    hints: Vec<String>,
}

impl Advice {
    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    fn hints(mut self, hints: impl IntoIterator<Item = String>) -> Self {
        self.hints.extend(hints);
        self
    }
}

impl From<FailureKind> for Advice {
    fn from(kind: FailureKind) -> Self {
        let hints = Vec::new();
        Self { kind, hints }
    }
}

/// An error that a command can end with.
pub(super) trait Explain: std::error::Error {
    /// Its exit code and what the user can do.
    fn advice(&self) -> Advice;

    /// Whether it is only how the user's wish to stop came through.
    fn is_interruption(&self) -> bool {
        false
    }
}

/// The failure that an error is.
pub(super) fn explain<E: Explain>(error: &E) -> Failure {
    if error.is_interruption() {
        return interrupted();
    }
    let Advice { kind, hints } = error.advice();
    Failure {
        hints,
        ..Failure::of(kind, error)
    }
}

impl<E: Explain> From<E> for Failure {
    fn from(error: E) -> Self {
        explain(&error)
    }
}

/// The failure of a run that the user stopped.
pub(super) fn interrupted() -> Failure {
    Failure::new(FailureKind::Interrupted, BuildError::Interrupted)
}

const ANY_IMAGE: &str =
    "use --any-image to continue with a different image; the report then says how it differs";
const OTHER_CACHE: &str = "set KMEMBUILD_CACHE_DIR to a directory of your own";
const CHOOSE_ENGINE: &str = "use --host or DOCKER_HOST to choose another engine";
const WAY_MAKE: &str = "use --via make to build the same on any engine";

impl Explain for LibraryError {
    fn advice(&self) -> Advice {
        match self {
            Self::Unknown { .. } => Advice::from(FailureKind::Usage).hint(
                "`kmembuild recipes list` lists the recipes, `kmembuild --help` the commands",
            ),
            Self::WouldOverwrite { .. } | Self::Unwritable { .. } => FailureKind::Output.into(),
            Self::Refused(_)
            | Self::NameDiffers { .. }
            | Self::Ending { .. }
            | Self::TooLarge { .. }
            | Self::Unreadable { .. } => FailureKind::Recipe.into(),
        }
    }
}

impl Explain for ConfigurationError {
    fn advice(&self) -> Advice {
        FailureKind::Usage.into()
    }
}

impl Explain for LikeError {
    fn advice(&self) -> Advice {
        const FORMS: &str = "--like reads a node's binary, or the output of `runc --version`, `kubelet --version=raw` or `kubectl version -o json`";
        let usage = || Advice::from(FailureKind::Usage);
        match self.root() {
            Self::Vendor { vendor, .. } => Advice::from(FailureKind::Plan).hint(format!(
                "use `--tag {}`, or --like with --force, to build upstream's code of that tag",
                vendor.tag
            )),
            Self::OtherCommit { reported, .. } => Advice::from(FailureKind::Integrity).hint(format!(
                "the given build was made from a different commit than the release (some vendors keep the version), or its labels are wrong; use `--tag {reported}` to build that commit, if upstream has it"
            )),
            Self::Terminal { .. } => usage().hint(
                "pipe a version into `--like -`: `runc --version | kmembuild runc --like -`, `kubectl version -o json | kmembuild kubelet --like -`",
            ),
            Self::NoServer => usage().hint(
                "find out why `kubectl version` shows no server (its message, KUBECONFIG, --context), or use the output of `kubelet --version=raw` on a node",
            ),
            Self::Program => usage().hint("use --like FILE"),
            Self::NotRun { .. } => {
                usage().hint("run it with --version on the node, and pass the output to --like")
            }
            Self::Several { .. } => usage().hint("use --like with one of them"),
            Self::Architecture { .. } => usage().hint("use --arch with a supported architecture"),
            Self::Nothing | Self::NoCommit { .. } => usage().hint(
                "if you know the tag or commit from elsewhere (such as the package it came in), use --tag",
            ),
            Self::OtherProgram { .. } => usage().hint("`kmembuild recipes list` lists the recipes"),
            Self::OtherSystem { .. } => usage().hint("use the output of a node that runs Linux"),
            Self::Unreadable { .. } => usage(),
            _ => usage().hint(FORMS),
        }
    }
}

impl Explain for PlanError {
    fn advice(&self) -> Advice {
        let kind = match self {
            Self::Option { .. } | Self::LimitOfScript { .. } => FailureKind::Usage,
            _ => FailureKind::Plan,
        };
        let hint = match self {
            Self::NotNeeded { .. } => "use --force to build it anyway",
            Self::Option { option, .. } => match option {
                RequestedOption::Static => "leave out --static",
                RequestedOption::LowMemory => "leave out --low-memory",
                RequestedOption::AllOutputs => "leave out --all-outputs",
                RequestedOption::GoFlags => "leave out --goflags",
                RequestedOption::Toolchain => "leave out --allow-toolchain",
                RequestedOption::RunSh => "use --via make",
                RequestedOption::Targets => "leave out --target",
            },
            Self::ImageWay { .. } => "use one of those with --image",
            Self::CrossBuild { .. } => {
                "use an engine on a machine of that architecture (--host or DOCKER_HOST)"
            }
            Self::NoClass { .. } => {
                "this recipe was not written for this tree; check --source and --tag, or write a recipe"
            }
            Self::DebianImage { .. } => "use another --image, which has upstream's own toolchain",
            Self::ScriptOfTree { .. } => "use --via make",
            Self::LimitOfScript { .. } => {
                "use --via make, which enforces limits and builds the same"
            }
            _ => return kind.into(),
        };
        Advice::from(kind).hint(hint)
    }
}

impl Explain for EngineError {
    fn advice(&self) -> Advice {
        Advice::from(FailureKind::Engine).hints(advice::engine(self))
    }
}

impl Explain for SourceError {
    fn advice(&self) -> Advice {
        match self {
            Self::PinMismatch { .. } => Advice::from(FailureKind::Integrity).hint(
                "the tag was moved, or the mirror serves something else: do not build from it before you know why",
            ),
            Self::Offline { .. } => Advice::from(FailureKind::Source).hint(
                "fetch it once without --offline (`kmembuild plan` does), or use a local clone with --source",
            ),
            Self::AllMirrorsFailed { nearest, .. } if nearest.is_empty() => {
                Advice::from(FailureKind::Source).hint(format!(
                    "{}; {}",
                    advice::OTHER_SOURCE,
                    advice::SLOW_MIRROR
                ))
            }
            Self::AllMirrorsFailed { nearest, .. } => Advice::from(FailureKind::Source)
                .hint(format!("similar tags: {}", nearest.join(", "))),
            _ => FailureKind::Source.into(),
        }
    }

    fn is_interruption(&self) -> bool {
        matches!(self, Self::Cancelled { .. })
    }
}

impl Explain for FactsError {
    fn advice(&self) -> Advice {
        match self {
            Self::Tree(error) => error.advice(),
            _ => FailureKind::Engine.into(),
        }
    }
}

impl Explain for ArtifactError {
    fn advice(&self) -> Advice {
        let advice = Advice::from(FailureKind::Output);
        match self {
            Self::Foreign { .. } => {
                advice.hint("move it away, or use --output with another directory")
            }
            Self::Unwritable { .. } => {
                advice.hint("use --output with a directory that can be written to")
            }
            _ => advice,
        }
    }

    fn is_interruption(&self) -> bool {
        matches!(self, Self::StoppedWaiting)
    }
}

impl Explain for ExecuteError {
    fn advice(&self) -> Advice {
        let engine = || Advice::from(FailureKind::Engine);
        match self {
            Self::Interrupted => FailureKind::Interrupted.into(),
            Self::Source(error) => error.advice(),
            Self::Collect(error) => error.advice(),
            Self::Engine { source, .. } => match source {
                EngineError::Unreachable { .. } => engine().hint(advice::ENGINE_LOST),
                error => error.advice(),
            },
            Self::ImageUnavailable { .. } => engine()
                .hint(advice::OTHER_REGISTRY)
                .hint("if the recipe supports it, --image debian needs no registry"),
            Self::BootstrapMissing => engine().hint(advice::INSTALL_BOOTSTRAP),
            Self::ImageLock { .. } | Self::RunNote { .. } => FailureKind::Usage.into(),
            Self::OutputMissing { .. } => Advice::from(FailureKind::Output)
                .hint("the outputs of the recipe do not match what its steps make"),
            Self::OutOfMemory { limit, kept, .. } => {
                let hint = match limit {
                    Some(bytes) => format!("raise --memory above {}, or lower --jobs", bytesize::ByteSize(*bytes)),
                    None => "use an engine with more memory, or lower --jobs".to_owned(),
                };
                Advice::from(FailureKind::Step).hint(hint).hints(enter(kept.as_deref()))
            }
            Self::StepFailed { kept, .. } => {
                let advice = Advice::from(FailureKind::Step);
                let advice = if self.lost_a_compiler() {
                    advice.hint("a compiler was killed, most likely because the engine ran out of memory")
                } else {
                    advice
                };
                match kept {
                    Some(kept) => advice.hints(enter(Some(kept))),
                    None => advice.hint("use --keep to keep the container and look around in it"),
                }
            }
            Self::TimedOut { kept, .. } => Advice::from(FailureKind::Step)
                .hint("raise --timeout, or use more processors (--cpus, --jobs)")
                .hints(enter(kept.as_deref())),
            Self::Toolchain { found, .. } => Advice::from(FailureKind::Integrity).hint(format!(
                "use --allow-toolchain {found} to accept it (recorded in the manifest), or another --image or --mirror"
            )),
            Self::NameTaken { name, .. } => engine().hint(format!(
                "use that image with `--image registry`, remove its name with `docker rmi {name}`, or use --via make"
            )),
            Self::NoScript { .. } => engine().hint(WAY_MAKE),
            Self::Unsupported { lacks, .. } => engine()
                .hints(match lacks {
                    Lacking::Dockerfiles => Some("use another --image, which is not built".to_owned()),
                    Lacking::MemoryLimits => Some("leave out --memory".to_owned()),
                    Lacking::NetworkCut => None,
                })
                .hint(CHOOSE_ENGINE),
            Self::Evicted { .. } => {
                engine().hint("the engine's host needs the room for something else; make room there, and build again")
            }
            Self::ImageMoved { name, .. } => Advice::from(FailureKind::Integrity).hint(format!(
                "if this change is expected, run `kmembuild lock --update {name}`"
            )),
            Self::Offline { .. } => {
                engine().hint("build once without --offline, or bring the image with --image-archive")
            }
            Self::MadeHere { .. }
            | Self::ImageArchitecture { .. }
            | Self::ToolchainUnknown { .. }
            | Self::ImageNotInArchive { .. }
            | Self::Bootstrap { .. }
            | Self::SourceFolderMissing { .. }
            | Self::WorkdirNotCleared { .. } => engine(),
        }
    }
}

/// How to enter a container that was kept.
fn enter(kept: Option<&str>) -> Option<String> {
    kept.map(|id| {
        let id = &id[..12.min(id.len())];
        format!(
            "enter the container with `docker exec -it {id} /bin/sh`; `kmembuild clean` removes it"
        )
    })
}

impl Explain for RunCheckError {
    fn advice(&self) -> Advice {
        match self {
            Self::Execute(ExecuteError::BootstrapMissing) => Advice::from(FailureKind::Engine).hint(
                "the image for the check is made once: on Debian or Ubuntu, apt-get install mmdebstrap",
            ),
            Self::Execute(error) => error.advice(),
            // It is not proven to be quiet, whatever the host can show.
            Self::Refused {
                source: Refusal::NoProgram { .. } | Refusal::NeitherOfThem { .. },
                ..
            }
            | Self::Unreadable { .. } => FailureKind::Verification.into(),
            Self::Refused { .. } => Advice::from(FailureKind::Plan)
                .hint("without --run the program is judged by its contents, which needs no engine")
                .hint(CHOOSE_ENGINE),
        }
    }
}

impl Explain for KeyError {
    fn advice(&self) -> Advice {
        Advice::from(FailureKind::Usage).hint(self.remedy())
    }
}

impl Explain for AttestError {
    fn advice(&self) -> Advice {
        FailureKind::Integrity.into()
    }
}

impl Explain for PackagingError {
    fn advice(&self) -> Advice {
        match self {
            Self::Changed { .. } => FailureKind::Integrity.into(),
            Self::Unreadable { .. } | Self::Unwritable { .. } => FailureKind::Output.into(),
            _ => FailureKind::Plan.into(),
        }
    }
}

impl Explain for AuditError {
    fn advice(&self) -> Advice {
        let usage = Advice::from(FailureKind::Usage);
        match self {
            Self::Unreadable { .. } => usage.hint("use a directory that you may read"),
            Self::NothingToAudit {
                result: Some(result),
                ..
            } => usage.hint(format!(
                "use the directory of a release or of one result, such as {}",
                result.display()
            )),
            Self::NothingToAudit { .. } => {
                usage.hint("use the directory of a release, of one result, or a binary")
            }
        }
    }
}

impl Explain for BuildError {
    fn advice(&self) -> Advice {
        match self {
            Self::Library(error) => error.advice(),
            Self::TwoImages { .. } => {
                Advice::from(FailureKind::Usage).hint("use either --image-name or --image")
            }
            Self::RefreshOffline => {
                Advice::from(FailureKind::Usage).hint("use either --refresh or --offline")
            }
            Self::NoVersion { .. } => Advice::from(FailureKind::Usage)
                .hint("use --tag TAG or --tag COMMIT")
                .hint("use --like to build what a node has: its binary, or what that prints as its version"),
            Self::SourceInImage { .. } => {
                Advice::from(FailureKind::Usage).hint("leave out --source and --refresh")
            }
            Self::OnlyVersion { .. } => FailureKind::Usage.into(),
            Self::Like(error) => error.advice(),
            Self::Facts(error) => error.advice(),
            Self::Source(error) => error.advice(),
            Self::ReportedCommit(error) => error.advice().hint(
                "a commit that upstream does not have comes from a vendor or a private repository; use --source with a repository that has it",
            ),
            Self::Plan(error) => error.advice(),
            Self::OtherPatches {
                built_by,
                built_with,
                ..
            } => Advice::from(FailureKind::Integrity).hint(format!(
                "the result was built by {built_by} with the recipe from {built_with}: use those, with --recipe-dir if the recipe is in a directory"
            )),
            Self::OtherArchitecture { .. } => Advice::from(FailureKind::Engine)
                .hint("use --host or DOCKER_HOST to choose an engine on such a machine"),
            Self::OtherSource { .. } | Self::Changed { .. } => FailureKind::Integrity.into(),
            Self::Engine(error) => error.advice(),
            Self::Execute(error) => error.advice(),
            Self::Artifact(error) => error.advice(),
            Self::CacheDirectory { path, source } => {
                let advice = Advice::from(FailureKind::Usage).hint(OTHER_CACHE);
                match source {
                    NotPrivate::Writable { .. } => advice.hint(format!(
                        "if nobody else uses it, remove what is in it and `chmod go-w {}`",
                        path.display()
                    )),
                    NotPrivate::Foreign { .. } | NotPrivate::System(_) => advice,
                }
            }
            Self::Registration { .. } => Advice::from(FailureKind::Usage)
                .hint("set KMEMBUILD_CACHE_DIR to a directory that can be written to"),
            Self::Inspect(_) | Self::Unproven { .. } => FailureKind::Verification.into(),
            Self::RunCheck(error) => error.advice(),
            Self::Materials(error) => error.advice(),
            Self::NoPackage { .. } => Advice::from(FailureKind::Recipe).hint(
                "write `packages: []` for these targets, or give the recipe a `package:` section",
            ),
            Self::Packaging(error) => error.advice(),
            Self::Staged { .. } => FailureKind::Output.into(),
            Self::StagedPlan { .. } | Self::Reader(_) => FailureKind::Internal.into(),
            Self::Interrupted => FailureKind::Interrupted.into(),
        }
    }

    fn is_interruption(&self) -> bool {
        BuildError::is_interruption(self)
    }
}

impl Explain for FailedBuild {
    fn advice(&self) -> Advice {
        let advice = self.error.advice();
        let memory = match &self.error {
            BuildError::Execute(error @ ExecuteError::StepFailed { .. }) => error.lost_a_compiler(),
            BuildError::Execute(ExecuteError::OutOfMemory { .. }) => true,
            _ => false,
        };
        let advice = if memory && self.could_save_memory {
            advice.hint(advice::SAVE_MEMORY)
        } else {
            advice
        };
        with_log(advice, &self.log)
    }

    fn is_interruption(&self) -> bool {
        self.error.is_interruption()
    }
}

fn with_log(advice: Advice, log: &FailureLog) -> Advice {
    match log {
        FailureLog::None => advice,
        FailureLog::Kept(path) => advice.hint(format!("the whole log is {}", path.display())),
        FailureLog::Lost(error) => advice.hint(format!("could not keep the log: {error}")),
    }
}

impl Explain for TargetError {
    fn advice(&self) -> Advice {
        match self {
            Self::Build(failed) => failed.advice(),
            Self::SamePlace { .. } => FailureKind::Recipe.into(),
        }
    }

    fn is_interruption(&self) -> bool {
        TargetError::is_interruption(self)
    }
}

impl Explain for ReleaseError {
    fn advice(&self) -> Advice {
        match self {
            Self::File { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                Advice::from(FailureKind::Recipe).hint(
                    "use another file: kmembuild release FILE; `kmembuild release --schema` prints what it may contain",
                )
            }
            Self::File { .. }
            | Self::Invalid(_)
            | Self::InvalidLockfile(_)
            | Self::Lockfile { .. } => FailureKind::Recipe.into(),
            Self::Build(error) => error.advice(),
            Self::Key(error) => error.advice(),
            Self::Pattern { .. } => FailureKind::Usage.into(),
            Self::NoTarget { examples, .. } => Advice::from(FailureKind::Usage)
                .hint(format!("targets are named like {}", examples.join(", "))),
            Self::NoLockfile { by_ci, .. } => {
                let advice = Advice::from(FailureKind::Integrity)
                    .hint("`kmembuild lock` writes it; keep it under version control");
                if *by_ci {
                    advice.hint("it is required when CI is set (override with --unlocked)")
                } else {
                    advice
                }
            }
            Self::RenderLockfile { .. } => FailureKind::Internal.into(),
            Self::Drift { .. } => Advice::from(FailureKind::Integrity).hint(
                "if this change is expected, run `kmembuild lock`, or `kmembuild lock --update NAME` for one input",
            ),
            Self::UnknownInput { nearest, .. } => {
                Advice::from(FailureKind::Usage).hint(match nearest {
                    Some(near) => format!("did you mean {near}?"),
                    None => "use the name of a recipe, a version, a patch or an image as it is in the lock file".to_owned(),
                })
            }
            Self::Unsigned { .. } => Advice::from(FailureKind::Integrity).hint(
                "without --only it is built or taken from the cache, and signed with the rest",
            ),
            Self::Audit(error) => error.advice(),
            Self::Artifact(error) => error.advice(),
            Self::Unplanned { error, .. } => error.advice(),
            Self::Targets { errors, .. } => Advice::from(worst_kind(errors))
                .hint("each is shown above with what to do about it"),
            Self::Interrupted => FailureKind::Interrupted.into(),
        }
    }

    fn is_interruption(&self) -> bool {
        match self {
            Self::Build(error) => error.is_interruption(),
            Self::Unplanned { error, .. } => error.is_interruption(),
            _ => false,
        }
    }
}

/// The kind with the highest exit code, as that of all together.
fn worst_kind(errors: &[TargetError]) -> FailureKind {
    let kinds = errors.iter().map(|error| explain(error).kind);
    let worst = kinds.max_by_key(|kind| kind.exit_code());
    worst.unwrap_or(FailureKind::Internal)
}

impl Explain for PublishedError {
    fn advice(&self) -> Advice {
        match self {
            Self::Unreadable { .. } => Advice::from(FailureKind::Usage).hint(
                "use the manifest of a published result, or its directory, with all the files beside it",
            ),
            Self::Malformed { .. } | Self::Format { .. } | Self::Value { .. } => {
                Advice::from(FailureKind::Integrity)
                    .hint("the field `tool` of the manifest has the version that wrote it")
            }
            Self::OtherPlan { .. } => FailureKind::Integrity.into(),
            Self::Changed { directory, .. } => Advice::from(FailureKind::Integrity).hint(format!(
                "`kmembuild verify {}` lists everything that is wrong with it",
                directory.display()
            )),
        }
    }
}

impl Explain for ImageError {
    fn advice(&self) -> Advice {
        let integrity = || Advice::from(FailureKind::Integrity);
        match self {
            Self::NotTwice { .. } => integrity().hint(
                "use --image-archive with a file that `docker save` wrote where the image is",
            ),
            Self::NoArchive { .. } => {
                return Advice::from(FailureKind::Engine).hint("use --image-archive FILE");
            }
            Self::Replaced(_) => integrity().hint(
                "the engine's image of that name is not the one this result was built in; use --mirror with a registry that has it",
            ),
            // What helps against a lock file does not help here.
            Self::Unavailable(ExecuteError::ImageMoved { .. }) | Self::Different { .. } => integrity(),
            Self::Unavailable(error) => error.advice(),
        }
        .hint(ANY_IMAGE)
    }
}

impl Explain for ReproduceError {
    fn advice(&self) -> Advice {
        match self {
            Self::Published(error) => error.advice(),
            Self::NotEmpty { .. } => {
                Advice::from(FailureKind::Output).hint("use --output with another directory")
            }
            Self::EngineAccess { .. } => Advice::from(FailureKind::Plan)
                .hint("if you trust who published it, use --allow-engine-access"),
            Self::Artifact(error) => error.advice(),
            Self::Build(failed) => failed.advice(),
            Self::Image(failed) => with_log(failed.error.advice(), &failed.log),
            Self::Unreadable { .. } => FailureKind::Output.into(),
            Self::Different { reproduction, kept } => {
                let advice = Advice::from(FailureKind::Integrity);
                let advice = match kept {
                    Some(kept) => advice.hint(format!("what was built is in {}", kept.display())),
                    None => advice.hint("use --output DIR to keep what was built"),
                };
                if reproduction.image.same {
                    advice
                } else {
                    advice.hint("a different toolchain image was used; that alone may explain the difference")
                }
            }
        }
    }

    fn is_interruption(&self) -> bool {
        matches!(self, Self::Build(failed) if failed.error.is_interruption())
    }
}
