//! How carrying out a plan can fail.

use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::artifacts::ArtifactError;
use crate::bundle::BundleError;
use crate::engine::EngineError;
use crate::events::command_line;
use crate::source::SourceError;

/// An image reference that was tried, and why it failed.
#[derive(Debug, Clone)]
pub struct FailedAttempt {
    /// The image reference.
    pub reference: String,
    /// Why it failed.
    pub reason: String,
}

/// A plan that could not be carried out.
#[derive(Debug, Error)]
pub enum ExecuteError {
    /// The engine failed.
    #[error("{}", stage_failed(stage))]
    Engine {
        /// What was being done.
        stage: &'static str,
        /// What failed.
        #[source]
        source: EngineError,
    },
    /// A tree could not be read or patched.
    #[error("could not prepare the source")]
    Source(#[source] SourceError),
    /// None of the places has the image.
    #[error("image {name} was not found anywhere:{}", attempts(failed))]
    ImageUnavailable {
        /// The name upstream expects.
        name: String,
        /// Every reference that was tried.
        failed: Vec<FailedAttempt>,
    },
    /// None of the places has the locked image, but some have another one by that name.
    #[error(
        "image {name} does not match {by}: it has the layers{}\nbut {by} has{}",
        lines(found),
        lines(locked)
    )]
    ImageMoved {
        /// The name.
        name: String,
        /// What it must match, for messages: `the lock file`.
        by: &'static str,
        /// Layers of the locked image.
        locked: Vec<String>,
        /// Layers of the last image that was found.
        found: Vec<String>,
    },
    /// The image is not on the engine, and must not be fetched or made.
    #[error("image {image} is not on the engine, and an offline build does not fetch it")]
    Offline {
        /// The image.
        image: String,
    },
    /// The name is one of those of the images that the tool makes, and there is none.
    #[error(
        "image {name} is not on the engine; names that begin with kmembuild/ are those of images that kmembuild makes, and are never pulled"
    )]
    MadeHere {
        /// Name of the image.
        name: String,
    },
    /// The image is for other processors than the engine's.
    #[error("image {name} is for {found}, but the engine runs {wanted}")]
    ImageArchitecture {
        /// The image.
        name: String,
        /// The image's architecture.
        found: String,
        /// The engine's.
        wanted: String,
    },
    /// The image archive was loaded, but the image that it lists is not there.
    #[error("the engine loaded image archive {file}, but still does not have image {image_id}")]
    ImageNotInArchive {
        /// The file.
        file: String,
        /// The image that the archive lists.
        image_id: String,
    },
    /// The image cannot be taken out of the bundle.
    #[error("could not take image {image} out of the bundle")]
    Bundle {
        /// The image.
        image: String,
        /// Why.
        #[source]
        source: BundleError,
    },
    /// The bundle's image is not the locked one.
    #[error("image {image} of the bundle is refused: {reason}")]
    BundledImage {
        /// The image.
        image: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The bootstrap program is not installed.
    #[error("mmdebstrap is not installed on this machine; it is required to make the Debian image")]
    BootstrapMissing,
    /// The bootstrap program failed.
    #[error("mmdebstrap could not bootstrap Debian {suite}: {reason}")]
    Bootstrap {
        /// Code name of the release.
        suite: String,
        /// Its exit status and last lines.
        reason: String,
    },
    /// A lock file could not be locked.
    #[error("could not lock {}", path.display())]
    ImageLock {
        /// The lock file.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },
    /// The source directory is not in the image.
    #[error("source directory {path} not found in the image; package {package} provides it")]
    SourceFolderMissing {
        /// The directory.
        path: String,
        /// The package.
        package: String,
    },
    /// The version of the image's toolchain could not be determined.
    #[error(
        "could not determine the toolchain version of image {image}: {}: {reason}",
        command_line(command)
    )]
    ToolchainUnknown {
        /// The image.
        image: String,
        /// The command that was run.
        command: Vec<String>,
        /// Why.
        reason: String,
    },
    /// The image's toolchain is not the one that upstream builds with.
    #[error("the toolchain of image {image} is {found}, but upstream builds this version with {upstream}{}", accepted(allowed.as_deref()))]
    Toolchain {
        /// The image.
        image: String,
        /// The version found in it.
        found: String,
        /// The version that upstream builds with.
        upstream: String,
        /// The version that the user accepts.
        allowed: Option<String>,
    },
    /// Another image has the name by which upstream's script finds its own.
    #[error(
        "upstream's script finds its image by the name {name}, but the engine has another image by that name: {other} instead of {wanted}"
    )]
    NameTaken {
        /// The name.
        name: String,
        /// Id of the image that has it.
        other: String,
        /// Id of the image that is to be used.
        wanted: String,
    },
    /// The engine cannot be driven from within a container.
    #[error("the engine at {engine} cannot run upstream's script: {reason}")]
    NoScript {
        /// Address of the engine.
        engine: String,
        /// Why.
        reason: String,
    },
    /// The engine cannot do something that the plan needs.
    #[error("{engine} cannot {lacks}")]
    Unsupported {
        /// Product and version of the engine.
        engine: String,
        /// What it cannot do.
        lacks: Lacking,
    },
    /// The run's registration could not be written.
    #[error("could not record what upstream's script will leave behind")]
    RunNote {
        /// The system's error.
        #[source]
        source: std::io::Error,
    },
    /// A step ended with an exit code other than 0.
    #[error(
        "step {step} failed with exit code {exit_code}: {}{}",
        command_line(command),
        tail(last_lines)
    )]
    StepFailed {
        /// The step.
        step: String,
        /// Its command.
        command: Vec<String>,
        /// Its exit code.
        exit_code: i64,
        /// Its last lines of output.
        last_lines: Vec<String>,
        /// How to look into the container that was kept, if one was.
        kept: Option<String>,
    },
    /// A step failed, and the kernel had killed one of its processes for lack of memory.
    #[error("step {step} ran out of memory: {}{}", memory_limit(*limit), tail(last_lines))]
    OutOfMemory {
        /// The step.
        step: String,
        /// The limit in bytes; `None` when only the engine's own memory limits it.
        limit: Option<u64>,
        /// Its last lines of output.
        last_lines: Vec<String>,
        /// How to look into the container that was kept, if one was.
        kept: Option<String>,
    },
    /// The steps exceeded the time limit.
    #[error("step {step} was stopped: the build exceeded its time limit of {}", humantime::format_duration(*limit))]
    TimedOut {
        /// The step that ran then.
        step: String,
        /// The limit.
        limit: Duration,
        /// How to look into the container that was kept, if one was.
        kept: Option<String>,
    },
    /// The engine took the container away in the middle of a step.
    #[error("the engine evicted the container of step {step}{}", tail(last_lines))]
    Evicted {
        /// The step.
        step: String,
        /// Its last lines of output.
        last_lines: Vec<String>,
    },
    /// The steps did not produce an output.
    #[error("the steps succeeded, but did not produce {path}")]
    OutputMissing {
        /// Path in the container.
        path: String,
    },
    /// An output could not be stored.
    #[error("could not collect an output")]
    Collect(#[source] ArtifactError),
    /// The user stopped the run.
    #[error("interrupted")]
    Interrupted,
}

fn stage_failed(stage: &str) -> String {
    format!("the engine failed during the {stage} stage")
}

fn attempts(failed: &[FailedAttempt]) -> String {
    failed
        .iter()
        .map(|attempt| format!("\n  {}: {}", attempt.reference, attempt.reason))
        .collect()
}

fn lines(texts: &[String]) -> String {
    texts.iter().map(|text| format!("\n  {text}")).collect()
}

fn tail(lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let shown: String = lines.iter().map(|line| format!("\n  | {line}")).collect();
    format!("\nlast lines of its output:{shown}")
}

fn memory_limit(limit: Option<u64>) -> String {
    match limit {
        Some(bytes) => format!("the limit was {}", bytesize::ByteSize(bytes)),
        None => "no limit was set, so the engine's host itself ran out of it".to_owned(),
    }
}

fn accepted(allowed: Option<&str>) -> String {
    allowed
        .map(|allowed| format!("; {allowed} is accepted instead"))
        .unwrap_or_default()
}

impl ExecuteError {
    /// The error of an engine that failed in that stage.
    pub(super) fn engine(stage: &'static str) -> impl Fn(EngineError) -> Self + Copy {
        move |source| Self::Engine { stage, source }
    }

    /// Whether a step failed because one of its compilers or linkers was killed, by what Go says of that, in whichever
    /// container it ran.
    pub fn lost_a_compiler(&self) -> bool {
        match self {
            ExecuteError::StepFailed { last_lines, .. } => last_lines
                .iter()
                .any(|line| line.contains("signal: killed")),
            _ => false,
        }
    }

    /// How to look into the container that was kept, if one was.
    pub fn kept_container(&self) -> Option<&str> {
        match self {
            ExecuteError::StepFailed { kept, .. }
            | ExecuteError::OutOfMemory { kept, .. }
            | ExecuteError::TimedOut { kept, .. } => kept.as_deref(),
            _ => None,
        }
    }
}

/// What a plan needs and an engine cannot do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Lacking {
    /// Image builds.
    #[error("build the image from a Dockerfile")]
    Dockerfiles,
    /// Limits that were asked for and are required.
    #[error("limit memory and processors here, which is required")]
    Limits,
    /// Sessions without network.
    #[error("run the steps without network, which the recipe requires")]
    NetworkCut,
    /// Memory limits.
    #[error("limit the memory of a build")]
    MemoryLimits,
    /// Limits on processors.
    #[error("limit the processors of a build")]
    ProcessorLimits,
    /// Any image but the container that the tool runs in.
    #[error("provide an image; it has only the container that it runs in")]
    Images,
    /// The container that the tool itself ran in when the plan was made.
    #[error("provide the container that kmembuild itself ran in, which the plan has as its image")]
    Container,
}
