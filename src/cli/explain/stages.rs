//! The errors of single stages.

use super::advice::{Advice, Explain};
use crate::advice;
use crate::artifacts::ArtifactError;
use crate::attestation::{AttestError, AuditError, KeyError, PackageKeyError};
use crate::cli::args::long_name;
use crate::configuration::ConfigurationError;
use crate::delivery::packaging::PackagingError;
use crate::delivery::repositories::RepositoryError;
use crate::engine::EngineError;
use crate::execute::{ExecuteError, Lacking, Refusal, RunCheckError};
use crate::facts::FactsError;
use crate::failure::FailureKind;
use crate::library::LibraryError;
use crate::like::LikeError;
use crate::plan::{PlanError, RequestedOption};
use crate::source::SourceError;

/// Of a failed step. A release has no such option.
pub(super) const KEEP: &str = "use --keep to keep the container and look around in it";
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
            Self::Option { option, .. } => {
                let hint = match option {
                    RequestedOption::RunSh => "use --via make".to_owned(),
                    option => format!("leave out --{}", long_name(*option)),
                };
                return Advice::from(kind).hint(hint);
            }
            Self::ImageWay { .. } => "use one of those with --image",
            Self::CrossBuild { .. } => {
                "use an engine on a machine of that architecture (--host or DOCKER_HOST)"
            }
            Self::NoClass { .. } => {
                "this recipe was not written for this tree; check --source and --tag, or write a recipe"
            }
            Self::DebianImage { .. } => "use another --image, which has upstream's own toolchain",
            Self::ScriptOfTree { .. } => "use --via make",
            Self::InContainer { .. } => {
                "leave out --image, --image-name and --image-archive, and run kmembuild in a container of that image; or use --engine docker"
            }
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
        let advice = Advice::from(FailureKind::Engine).hints(advice::engine(self));
        match self {
            Self::NoneWorks { .. } => advice.hint(advice::LOCAL_NEEDS),
            _ => advice,
        }
    }
}

impl Explain for SourceError {
    fn advice(&self) -> Advice {
        match self {
            Self::PinMismatch { .. } => Advice::from(FailureKind::Integrity).hint(
                "the tag was moved, or the mirror serves something else: do not build from it before you know why",
            ),
            Self::Unpinned { .. } => Advice::from(FailureKind::Source).hint(
                "give the whole commit id (40 digits) if you know it; --unpinned (`unpinned: true` in a release file) takes the word of a mirror or of --source, and the manifest says so",
            ),
            Self::Offline { .. } => Advice::from(FailureKind::Source).hint(
                "fetch it once without --offline (`kmembuild plan` does), or use a local clone with --source",
            ),
            Self::PackOther { .. } => Advice::from(FailureKind::Integrity)
                .hint("do not build from this bundle before you know why it differs"),
            Self::PackRead { .. } => FailureKind::Integrity.into(),
            Self::NotPinned { .. } => Advice::from(FailureKind::Integrity).hint(
                "where the network is, `kmembuild lock` adds it, and `kmembuild bundle` makes a bundle of it",
            ),
            Self::AllMirrorsFailed {
                nearest, failed, ..
            } if nearest.is_empty() => {
                let is_slow = failed.iter().any(|mirror| mirror.stalled);
                Advice::from(FailureKind::Source)
                    .hint(advice::OTHER_SOURCE)
                    .hints(is_slow.then(|| advice::SLOW_MIRROR.to_owned()))
                    .hint(advice::ASK_DOCTOR)
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
            Self::Bundle { source, .. } => source.advice(),
            Self::BundledImage { .. } => FailureKind::Integrity.into(),
            Self::Engine { source, .. } => match source {
                EngineError::Unreachable { .. } => engine().hint(advice::ENGINE_LOST),
                error => error.advice(),
            },
            Self::ImageUnavailable { .. } => engine()
                .hint(advice::OTHER_REGISTRY)
                .hint("if the recipe supports it, --image debian needs no registry")
                .hint(advice::ASK_DOCTOR),
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
                    None => advice.hint(KEEP),
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
                    Lacking::ProcessorLimits => Some("leave out --cpus; --jobs limits the compiler processes".to_owned()),
                    Lacking::Limits => Some("leave out --require-limits, or run as a user who may make cgroups".to_owned()),
                    Lacking::NetworkCut => Some("leave out --require-no-network".to_owned()),
                    Lacking::Images => Some("leave out --image-archive".to_owned()),
                    Lacking::Container => Some("use `--engine local` in such a container, or --image-archive with its image".to_owned()),
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
            | Self::SourceFolderMissing { .. } => engine(),
        }
    }
}

/// How to enter a container that was kept.
fn enter(kept: Option<&str>) -> Option<String> {
    kept.map(|entrance| format!("{entrance}; `kmembuild clean` removes it"))
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

const MAKE_PACKAGE_KEY: &str = "create one with `gpg --quick-gen-key 'Packages <packages@example.com>' rsa4096 sign never` without a pass phrase, \
     and `gpg --armor --export-secret-keys packages@example.com`";

impl Explain for PackageKeyError {
    fn advice(&self) -> Advice {
        let usage = Advice::from(FailureKind::Usage);
        match self {
            Self::Unreadable { .. } => usage.hint("use an OpenPGP key file that you may read"),
            Self::Public { .. } => usage.hint(
                "use its secret key; `gpg --armor --export-secret-keys` prints it",
            ),
            Self::Several { .. } => usage.hint(
                "export the one that is meant: `gpg --armor --export-secret-keys FINGERPRINT`",
            ),
            Self::Protected { .. } => usage.hint(
                "export it without a pass phrase (`gpg --change-passphrase`), and make sure that only the release can read that file",
            ),
            Self::Writable { path, .. } => usage.hint(format!(
                "make sure that it is your key (`kmembuild public-key --openpgp {0}`), then `chmod 600 {0}`",
                path.display()
            )),
            Self::Expired { .. } => usage
                .hint("give it more time with `gpg --quick-set-expire FINGERPRINT never`, and export it again"),
            Self::Damaged { .. } => usage
                .hint("export it again, or restore the file from a backup; use `gpg --show-keys FILE` to check it"),
            Self::MayNotSign { .. } => usage
                .hint("subkeys are not used, because the rpm of CentOS 7 cannot check their signatures")
                .hint(MAKE_PACKAGE_KEY),
            Self::Malformed { .. } | Self::Kind { .. } | Self::Revoked { .. } | Self::Nameless { .. } => {
                usage.hint(MAKE_PACKAGE_KEY)
            }
        }
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

impl Explain for RepositoryError {
    fn advice(&self) -> Advice {
        match self {
            Self::Problem { directory, .. } => Advice::from(FailureKind::Integrity).hint(format!(
                "`kmembuild verify {}` lists everything that is wrong with it",
                directory.display()
            )),
            Self::NoRelease { .. } => Advice::from(FailureKind::Usage)
                .hint("use the directories that `kmembuild release` wrote, such as dist"),
            Self::OldRpm { .. } => Advice::from(FailureKind::Usage).hint(MAKE_PACKAGE_KEY),
            Self::NoPackages { ending, .. } => Advice::from(FailureKind::Recipe).hint(format!(
                "write `packages: [{}]` under `defaults` of the release file",
                ending.trim_start_matches('.')
            )),
            Self::Changed { .. } | Self::RpmHeader { .. } | Self::Rpm { .. } | Self::Deb { .. } => {
                FailureKind::Integrity.into()
            }
            Self::Unsigned { .. } => Advice::from(FailureKind::Integrity)
                .hint("make the release again with --package-key and this key"),
            Self::Foreign { .. } => Advice::from(FailureKind::Integrity).hint(
                "use the key that it was made with, or remove its directory to begin anew without its older versions",
            ),
            Self::Unreadable { .. } | Self::Unwritable { .. } => FailureKind::Output.into(),
        }
    }
}

impl Explain for AuditError {
    fn advice(&self) -> Advice {
        let usage = Advice::from(FailureKind::Usage);
        match self {
            Self::Unreadable { .. } => {
                Advice::from(FailureKind::NotFound).hint("use a directory that you may read")
            }
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
