//! Turns the errors of the stages into failures with hints.

use crate::artifacts::ArtifactError;
use crate::attestation::{AuditError, KeyError};
use crate::engine::EngineError;
use crate::execute::ExecuteError;
use crate::facts::FactsError;
use crate::failure::{Failure, FailureKind};
use crate::library::LibraryError;
use crate::like::LikeError;
use crate::packaging::PackagingError;
use crate::plan::{PlanError, RequestedOption};
use crate::source::SourceError;

pub(super) fn library(error: LibraryError) -> Failure {
    let unknown = matches!(error, LibraryError::Unknown { .. });
    let kind = match &error {
        LibraryError::Unknown { .. } => FailureKind::Usage,
        LibraryError::WouldOverwrite { .. } | LibraryError::Unwritable { .. } => {
            FailureKind::Output
        }
        LibraryError::Refused(_)
        | LibraryError::NameDiffers { .. }
        | LibraryError::Ending { .. }
        | LibraryError::TooLarge { .. }
        | LibraryError::Unreadable { .. } => FailureKind::Recipe,
    };
    let failure = Failure::new(kind, error);
    if unknown {
        failure.hint(
            "run `kmembuild recipes list` for the recipes, or `kmembuild --help` for the commands",
        )
    } else {
        failure
    }
}

pub(super) fn like(error: LikeError) -> Failure {
    const FORMS: &str = "use --like with a node's binary, or with the output of `runc --version`, `kubelet --version=raw` or `kubectl version -o json`";
    let (kind, hint) = match error.root() {
        LikeError::Vendor { vendor, .. } => (
            FailureKind::Plan,
            format!("use `--tag {}` to build upstream's code of that tag, or add --force to --like", vendor.tag),
        ),
        LikeError::OtherCommit { reported, .. } => (
            FailureKind::Integrity,
            format!(
                "the program was built from another commit than the release (some vendors keep the version), or its labels are wrong; if upstream has the commit, use `--tag {reported}` to build it"
            ),
        ),
        LikeError::Terminal { .. } => (
            FailureKind::Usage,
            "pipe a version into `--like -`: `runc --version | kmembuild runc --like -`, `kubectl version -o json | kmembuild kubelet --like -`".to_owned(),
        ),
        LikeError::NoServer => (
            FailureKind::Usage,
            "check why `kubectl version` shows no server (its message, KUBECONFIG, --context), or use the output of `kubelet --version=raw` from a node".to_owned(),
        ),
        LikeError::Program => (FailureKind::Usage, "use --like FILE".to_owned()),
        LikeError::NotRun { .. } => (
            FailureKind::Usage,
            "run it with --version on the node, and use --like with what it prints".to_owned(),
        ),
        LikeError::Several { .. } => (FailureKind::Usage, "use --like with one of them".to_owned()),
        LikeError::Architecture { .. } => (FailureKind::Usage, "use --arch with a supported architecture".to_owned()),
        LikeError::Nothing | LikeError::NoCommit { .. } => (
            FailureKind::Usage,
            "find the tag or commit in another way (for example from the package that installed it), and use --tag".to_owned(),
        ),
        LikeError::OtherProgram { .. } => (
            FailureKind::Usage,
            "run `kmembuild recipes list` for the recipes".to_owned(),
        ),
        LikeError::OtherSystem { .. } => (FailureKind::Usage, "use the version of a Linux node".to_owned()),
        LikeError::Unreadable { .. } => return Failure::new(FailureKind::Usage, error),
        _ => (FailureKind::Usage, FORMS.to_owned()),
    };
    Failure::new(kind, error).hint(hint)
}

pub(super) fn plan(error: PlanError) -> Failure {
    let hint = match &error {
        PlanError::NotNeeded { .. } => Some("use --force to build it anyway"),
        PlanError::Option { option, .. } => Some(match option {
            RequestedOption::Static => "leave out --static",
            RequestedOption::LowMemory => "leave out --low-memory",
            RequestedOption::AllOutputs => "leave out --all-outputs",
            RequestedOption::GoFlags => "leave out --goflags",
            RequestedOption::Toolchain => "leave out --allow-toolchain",
            RequestedOption::RunSh => "use --via make",
            RequestedOption::Targets => "leave out --target",
        }),
        PlanError::ImageWay { .. } => Some("use --image with one of these"),
        PlanError::CrossBuild { .. } => {
            Some("use an engine on a machine of that architecture (--host or DOCKER_HOST)")
        }
        PlanError::NoClass { .. } => Some(
            "the recipe was not written for this source tree; check --source and --tag, or write a recipe for it",
        ),
        PlanError::DebianImage { .. } => Some("use another --image to get upstream's toolchain"),
        PlanError::ScriptOfTree { .. } => Some("use --via make"),
        PlanError::LimitOfScript { .. } => {
            Some("use --via make, which enforces the limits and builds the same files")
        }
        _ => None,
    };
    let kind = match &error {
        PlanError::Option { .. } | PlanError::LimitOfScript { .. } => FailureKind::Usage,
        _ => FailureKind::Plan,
    };
    let failure = Failure::new(kind, error);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

pub(super) fn engine(error: EngineError) -> Failure {
    let hints: &[&str] = match &error {
        EngineError::Unreachable { .. } => &[
            "start the engine (on Debian as root: apt-get install docker.io && dockerd), or name another with --host or DOCKER_HOST",
            "if it runs and you may not use its socket, become a member of the group docker or use sudo",
        ],
        EngineError::DiskFull { .. } => &[
            "free space on the engine's disk; `kmembuild clean --caches --images` removes what this tool keeps there",
        ],
        EngineError::Lost { .. } => {
            &["see the engine's own log; `kmembuild clean` removes what is left when it is back"]
        }
        EngineError::ImageBuild { .. } => &[
            "-v shows the whole output; --image lean or --image debian need less of the outside world than upstream's image",
        ],
        _ => &[],
    };
    let mut failure = Failure::new(FailureKind::Engine, error);
    failure
        .hints
        .extend(hints.iter().map(|&hint| hint.to_owned()));
    failure
}

pub(super) fn source(error: SourceError) -> Failure {
    match &error {
        SourceError::Cancelled { .. } => interrupted(),
        SourceError::PinMismatch { .. } => Failure::new(FailureKind::Integrity, error)
            .hint("the tag was moved or the mirror serves something else: do not build from it before you know why"),
        SourceError::Offline { .. } => Failure::new(FailureKind::Source, error)
            .hint("fetch it once without --offline (`kmembuild plan` does), or name a local clone with --source"),
        SourceError::AllMirrorsFailed { nearest, .. } => {
            let hints = if nearest.is_empty() {
                vec!["--source names another URL or a local clone; --stall-timeout gives a slow one more time".to_owned()]
            } else {
                vec![format!("tags that look like it: {}", nearest.join(", "))]
            };
            Failure { kind: FailureKind::Source, source: Box::new(error), hints }
        }
        _ => Failure::new(FailureKind::Source, error),
    }
}

pub(super) fn facts(error: FactsError) -> Failure {
    match error {
        FactsError::Tree(error) => source(error),
        error => Failure::new(FailureKind::Engine, error),
    }
}

pub(super) fn artifact(error: ArtifactError) -> Failure {
    match &error {
        ArtifactError::StoppedWaiting => interrupted(),
        ArtifactError::Foreign { .. } => Failure::new(FailureKind::Output, error)
            .hint("move it away, or name another folder with --output"),
        ArtifactError::Unwritable { .. } => Failure::new(FailureKind::Output, error)
            .hint("name a folder that can be written to with --output"),
        _ => Failure::new(FailureKind::Output, error),
    }
}

/// `could_save_memory`: the build knows how to do with less memory and was not told to.
pub(super) fn execute(error: ExecuteError, could_save_memory: bool) -> Failure {
    let saves_memory =
        could_save_memory.then(|| "--low-memory does with less, and takes longer".to_owned());
    match error {
        ExecuteError::Interrupted => interrupted(),
        ExecuteError::Source(error) => source(error),
        ExecuteError::Collect(error) => artifact(error),
        ExecuteError::Engine { source: inner, stage } => {
            let hints = engine_hints(&inner);
            Failure { kind: FailureKind::Engine, source: Box::new(ExecuteError::Engine { stage, source: inner }), hints }
        }
        ExecuteError::ImageUnavailable { .. } => Failure::new(FailureKind::Engine, error)
            .hint("--mirror PREFIX names a registry that has it; --image-archive FILE takes what `docker save` wrote")
            .hint("--image debian needs no registry at all, where the recipe describes it"),
        ExecuteError::BootstrapMissing => Failure::new(FailureKind::Engine, error)
            .hint("on Debian or Ubuntu: apt-get install mmdebstrap; elsewhere choose another --image"),
        ExecuteError::ImageLock { .. } | ExecuteError::RunNote { .. } => Failure::new(FailureKind::Usage, error),
        ExecuteError::OutputMissing { .. } => Failure::new(FailureKind::Output, error)
            .hint("the recipe's outputs and what its steps make do not agree"),
        ExecuteError::OutOfMemory { limit, ref kept, .. } => {
            let hint = match limit {
                Some(bytes) => format!("set --memory to more than {}, or --jobs to fewer", bytesize::ByteSize(bytes)),
                None => "use an engine with more memory, or set --jobs to fewer".to_owned(),
            };
            let hints = std::iter::once(hint).chain(saves_memory).chain(enter(kept.as_deref())).collect();
            Failure { kind: FailureKind::Step, source: Box::new(error), hints }
        }
        ExecuteError::StepFailed { ref kept, ref last_lines, .. } => {
            let mut hints = Vec::new();
            // What Go says of a compiler or linker that ended so, whichever container it ran in.
            if last_lines.iter().any(|line| line.contains("signal: killed")) {
                hints.push("a compiler was killed, most likely because the engine's memory ran out".to_owned());
                hints.extend(saves_memory);
            }
            match kept {
                Some(_) => hints.extend(enter(kept.as_deref())),
                None => hints.push("--keep keeps the container, to look around in it".to_owned()),
            }
            Failure { kind: FailureKind::Step, source: Box::new(error), hints }
        }
        ExecuteError::TimedOut { ref kept, .. } => {
            let hint = "--timeout gives it more time, --cpus and --jobs more processors".to_owned();
            let hints = std::iter::once(hint).chain(enter(kept.as_deref())).collect();
            Failure { kind: FailureKind::Step, source: Box::new(error), hints }
        }
        ExecuteError::Toolchain { ref found, .. } => {
            let hint = format!("--allow-toolchain {found} builds with it all the same, and the manifest says so; another --image or --mirror may have upstream's");
            Failure::new(FailureKind::Integrity, error).hint(hint)
        }
        ExecuteError::NameTaken { ref name, .. } => {
            let hint = format!("use that image with `--image registry`, take the name away with `docker rmi {name}`, or build with --via make");
            Failure::new(FailureKind::Engine, error).hint(hint)
        }
        ExecuteError::NoScript { .. } => {
            Failure::new(FailureKind::Engine, error).hint("--via make builds the same on any engine")
        }
        ExecuteError::ImageMoved { ref name, .. } => {
            let hint = format!("when that is as it should be, `kmembuild lock --update {name}` writes the new one down");
            Failure::new(FailureKind::Integrity, error).hint(hint)
        }
        ExecuteError::Offline { .. } => Failure::new(FailureKind::Engine, error)
            .hint("build once without --offline, or bring the image with --image-archive"),
        ExecuteError::ImageArchitecture { .. }
        | ExecuteError::ToolchainUnknown { .. }
        | ExecuteError::ImageArchive { .. }
        | ExecuteError::ImageNotInArchive { .. }
        | ExecuteError::Bootstrap { .. }
        | ExecuteError::SourceFolderMissing { .. }
        | ExecuteError::WorkdirNotCleared { .. } => Failure::new(FailureKind::Engine, error),
    }
}

fn engine_hints(error: &EngineError) -> Vec<String> {
    match error {
        EngineError::ImageBuild { .. } => vec![
            "--image lean and --image debian need less of the outside world than upstream's own image".to_owned(),
        ],
        EngineError::DiskFull { .. } => {
            vec!["free space on the engine's disk; `kmembuild clean --caches --images` removes what this tool keeps".to_owned()]
        }
        EngineError::Lost { .. } | EngineError::Unreachable { .. } => {
            vec!["see the engine's own log; `kmembuild clean` removes what is left when it is back".to_owned()]
        }
        _ => Vec::new(),
    }
}

/// How to enter a container that was kept.
fn enter(kept: Option<&str>) -> impl Iterator<Item = String> {
    kept.map(|id| {
        let id = &id[..12.min(id.len())];
        format!(
            "enter the container with `docker exec -it {id} /bin/sh`; `kmembuild clean` removes it"
        )
    })
    .into_iter()
}

pub(super) fn interrupted() -> Failure {
    Failure::new(
        FailureKind::Interrupted,
        "interrupted; nothing was published, and an earlier result is untouched",
    )
}

/// A key that cannot be used.
pub(super) fn key(error: KeyError) -> Failure {
    let remedy = error.remedy();
    Failure::new(FailureKind::Usage, error).hint(remedy)
}

/// A result that cannot be packaged; the errors say what to do.
pub(super) fn packaging(error: PackagingError) -> Failure {
    let kind = match &error {
        PackagingError::Changed { .. } => FailureKind::Integrity,
        PackagingError::Unreadable { .. } | PackagingError::Unwritable { .. } => {
            FailureKind::Output
        }
        _ => FailureKind::Plan,
    };
    Failure::new(kind, error)
}

/// A folder that cannot be audited.
pub(super) fn audit(error: AuditError) -> Failure {
    let hint = match &error {
        AuditError::Unreadable { .. } => "name a folder that you may read".to_owned(),
        AuditError::NothingToAudit {
            result: Some(result),
            ..
        } => format!(
            "name the folder of a release or of one result, such as {}",
            result.display()
        ),
        AuditError::NothingToAudit { .. } => {
            "name the folder of a release, of one result, or a binary".to_owned()
        }
    };
    Failure::new(FailureKind::Usage, error).hint(hint)
}
