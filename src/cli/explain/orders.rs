//! The errors of what is ordered: a build, a release, a reproduction.

use super::advice::{Advice, Explain, explain};
use super::stages::KEEP;
use crate::advice;
use crate::artifacts::PublishedError;
use crate::build::{BuildError, FailedBuild, FailureLog};
use crate::execute::ExecuteError;
use crate::failure::FailureKind;
use crate::private_directory::NotPrivate;
use crate::release::{MergeError, ReleaseError, TargetError};
use crate::reproduce::{ImageError, ReproduceError};

const ANY_IMAGE: &str =
    "use --any-image to continue with a different image; the report then says how it differs";
const KEEP_TARGET: &str =
    "to look around in the container, build this target alone with --keep and another --output";
const OPTIONS: &str = "for a target of a release, write such options in the release file, without the dashes: \
    `options: {timeout: 2h}`";
const MAKE_PARTS: &str =
    "make it first, with --cache-to and the same lock file, on the machine that makes its part";
const OTHER_CACHE: &str = "set KMEMBUILD_CACHE_DIR to a directory of your own";

impl Explain for BuildError {
    fn advice(&self) -> Advice {
        match self {
            Self::Library(error) => error.advice(),
            Self::IntoRelease { recipe, .. } => Advice::from(FailureKind::Usage)
                .hint("use --output with another directory")
                .hint(format!(
                    "use `kmembuild release --only '{recipe}/*'` to build it as a target of the release"
                )),
            Self::TwoImages { .. } => {
                Advice::from(FailureKind::Usage).hint("use either --image-name or --image")
            }
            Self::RefreshOffline => {
                Advice::from(FailureKind::Usage).hint("use either --refresh or --offline")
            }
            Self::NoVersion { recipe, .. } => Advice::from(FailureKind::Usage)
                .hint(format!(
                    "use --like to build what a node has: `kmembuild {recipe} --like FILE`, with its binary, or with what that prints as its version"
                ))
                .hint("use --tag TAG or --tag COMMIT"),
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
            Self::NotInCache { .. } => Advice::from(FailureKind::Integrity).hint(MAKE_PARTS),
            Self::OtherArchitecture { .. } => Advice::from(FailureKind::Engine)
                .hint("use --host or DOCKER_HOST to choose an engine on such a machine"),
            Self::OtherSource { .. } | Self::Changed { .. } => FailureKind::Integrity.into(),
            Self::Engine(error) => error.advice(),
            Self::Cluster(error) => error.advice(),
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
            Self::TemporaryDirectory { .. } => Advice::from(FailureKind::Usage).hint(
                "set TMPDIR to a directory that exists and that you can write to; without it, that is /tmp",
            ),
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
            Self::Build(failed) => of_target(failed.advice()),
            Self::SamePlace { .. } => FailureKind::Recipe.into(),
        }
    }

    fn is_interruption(&self) -> bool {
        TargetError::is_interruption(self)
    }
}

/// What is said of a build, for a target of a release: its options are not those of the command line.
fn of_target(mut advice: Advice) -> Advice {
    let mut has_options = false;
    for hint in &mut advice.hints {
        if hint == KEEP {
            KEEP_TARGET.clone_into(hint);
        } else {
            has_options |= hint.contains(" --");
        }
    }
    if has_options {
        advice.hint(OPTIONS)
    } else {
        advice
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
            Self::NoRecipe(_) => Advice::from(FailureKind::Recipe).hint(
                "a recipe of your own is found in the directory recipes beside the release file, in those that the file names (`recipes: [DIR]`), and with --recipe-dir DIR",
            ),
            Self::Build(error) => error.advice(),
            Self::Key(error) => error.advice(),
            Self::PackageKey(error) => error.advice(),
            Self::NoPackageKey => Advice::from(FailureKind::Usage)
                .hint("use --package-key FILE with the key that the nodes trust"),
            Self::Repository(error) => error.advice(),
            Self::Pattern { .. } => FailureKind::Usage.into(),
            Self::NoTarget { examples, .. } => Advice::from(FailureKind::Usage)
                .hint(format!("targets are named like {}", examples.join(", "))),
            Self::Durations { .. } => Advice::from(FailureKind::Usage)
                .hint("use the index.json of an earlier release of the same file"),
            Self::EmptyPart { .. } => Advice::from(FailureKind::Usage)
                .hint("make as many parts as there are targets, or fewer"),
            Self::OtherPart { .. } => Advice::from(FailureKind::Usage)
                .hint("give each part a directory of its own: --output DIR"),
            Self::Merge(error) => error.advice(),
            Self::Bundle(error) => error.advice(),
            Self::NotCarried { .. } => Advice::from(FailureKind::Plan).hint(
                "in the release file, choose an image of a registry or of Debian packages (`options: {image: debian}`), or leave the target out",
            ),
            Self::OutputOutside { .. } => Advice::from(FailureKind::Integrity)
                .hint("use --output to say where the results go"),
            Self::OtherLock { .. } => Advice::from(FailureKind::Integrity).hint(
                "make a bundle of this lock file, or run it where there is no release file to use the bundle's own",
            ),
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

impl Explain for MergeError {
    fn advice(&self) -> Advice {
        match self {
            Self::Index { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                Advice::from(FailureKind::NotFound)
                    .hint("use the directory that `kmembuild release --partition` wrote")
            }
            Self::Index { .. } => FailureKind::Integrity.into(),
            Self::Whole { .. } => Advice::from(FailureKind::Integrity)
                .hint("parts are made with `kmembuild release --partition 1/2 --output DIR`"),
            Self::OtherTargets { .. } | Self::OtherNumber { .. } => {
                Advice::from(FailureKind::Integrity)
                    .hint("make all parts from the same release file, and with the same number of parts")
            }
            Self::DoubledPart { .. } => Advice::from(FailureKind::Integrity)
                .hint("name each part once"),
            Self::MissingParts { .. } => Advice::from(FailureKind::Integrity)
                .hint("name the directories of all parts; a job that failed may be repeated by itself"),
            Self::MissingTarget { .. } | Self::DoubledTarget { .. } => {
                Advice::from(FailureKind::Integrity)
                    .hint("give all parts the same file with --durations, or none")
            }
            Self::SamePlace { .. } => Advice::from(FailureKind::Integrity)
                .hint("use `variant: NAME` in the release file to tell the two apart"),
            Self::Unfinished { .. } => Advice::from(FailureKind::Integrity)
                .hint("repeat the command that made the part: it continues with the rest"),
            Self::Differs { .. } => Advice::from(FailureKind::Integrity)
                .hint("make that part again; `kmembuild verify DIR` shows everything that is wrong with it"),
            Self::NotInCache { .. } => Advice::from(FailureKind::Integrity)
                .hint(MAKE_PARTS)
                .hint("`kmembuild release --plan` with the same options shows the state of each target"),
            Self::Audit { source, .. } => source.advice(),
            Self::Copy { .. } => FailureKind::Output.into(),
            Self::Artifact(error) => error.advice(),
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
