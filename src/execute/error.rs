//! How carrying out a plan can fail.

use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::artifacts::ArtifactError;
use crate::engine::EngineError;
use crate::events::command_line;
use crate::source::SourceError;

/// One reference that was tried for an image, and why it did not do.
#[derive(Debug, Clone)]
pub struct FailedAttempt {
    /// The image reference.
    pub reference: String,
    /// Why it did not do.
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
    #[error("the source could not be prepared")]
    Source(#[source] SourceError),
    /// No place has the image.
    #[error("no place has the image {name}:{}", attempts(failed))]
    ImageUnavailable {
        /// The name upstream expects.
        name: String,
        /// Every reference that was tried.
        failed: Vec<FailedAttempt>,
    },
    /// No place has the locked image; some have another one of that name.
    #[error(
        "the image {name} is another one than {by} names: its layers are{}\nand those of {by} are{}",
        lines(found),
        lines(locked)
    )]
    ImageMoved {
        /// The name.
        name: String,
        /// What locks it: `the lock file`.
        by: &'static str,
        /// Layers of the one that is locked.
        locked: Vec<String>,
        /// Layers of the last one that was found.
        found: Vec<String>,
    },
    /// The image is not on the engine and must not be fetched or made.
    #[error("the image {image} is not on the engine, and --offline takes nothing from the network")]
    Offline {
        /// The image.
        image: String,
    },
    /// The image is for other processors than the engine's.
    #[error("the image {name} is for {found}, and the engine runs {wanted}")]
    ImageArchitecture {
        /// The image.
        name: String,
        /// The image's architecture.
        found: String,
        /// The engine's.
        wanted: String,
    },
    /// The image archive was loaded and the image it promised is not there.
    #[error(
        "the image archive {file} was loaded, and the image {image_id} that it names is not on the engine"
    )]
    ImageNotInArchive {
        /// The file.
        file: String,
        /// The promised image.
        image_id: String,
    },
    /// The bootstrap program is not installed.
    #[error("mmdebstrap is not installed on this machine; it makes the Debian image")]
    BootstrapMissing,
    /// The bootstrap program failed.
    #[error("mmdebstrap could not bootstrap Debian {suite}: {reason}")]
    Bootstrap {
        /// Code name of the release.
        suite: String,
        /// Its exit status and last lines.
        reason: String,
    },
    /// The lock of an image to make cannot be had.
    #[error("cannot lock the making of an image with {}", path.display())]
    ImageLock {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The source folder is not in the image.
    #[error("the image has no source folder {path}; the package {package} brings it")]
    SourceFolderMissing {
        /// The folder.
        path: String,
        /// The package.
        package: String,
    },
    /// What the image has in the work folder could not be removed, and would be compiled along.
    #[error("the files that the image has in {path} could not be removed: {reason}")]
    WorkdirNotCleared {
        /// The work folder.
        path: String,
        /// What `find` said.
        reason: String,
    },
    /// The image's toolchain did not tell its version.
    #[error(
        "the toolchain of the image {image} did not tell its version: {}: {reason}",
        command_line(command)
    )]
    ToolchainUnknown {
        /// The image.
        image: String,
        /// The command that was run.
        command: Vec<String>,
        /// Why not.
        reason: String,
    },
    /// The image's toolchain is another one than upstream's.
    #[error("the toolchain in the image {image} is {found}, and upstream builds this version with {upstream}{}", accepted(allowed.as_deref()))]
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
    /// Another image has the name under which upstream's script looks for its own.
    #[error(
        "upstream's script looks for its image under the name {name}, which another image on the engine has: {other} instead of {wanted}"
    )]
    NameTaken {
        /// The name.
        name: String,
        /// Id of the image that has it.
        other: String,
        /// Id of the image that is to be used.
        wanted: String,
    },
    /// The engine cannot be driven from a container.
    #[error("the engine at {engine} cannot run upstream's script: {reason}")]
    NoScript {
        /// Address of the engine.
        engine: String,
        /// Why not.
        reason: String,
    },
    /// The engine cannot do something that the plan needs.
    #[error("{engine} {lacks}")]
    Unsupported {
        /// Product and version of the engine.
        engine: String,
        /// What it cannot do, as a predicate: `cannot ...`.
        lacks: &'static str,
    },
    /// The run's registration could not be written to.
    #[error("what upstream's script will leave could not be noted")]
    RunNote {
        /// What the system said.
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
        /// The container that was kept, if one was.
        kept: Option<String>,
    },
    /// A step failed and the kernel had killed one of its processes for lack of memory.
    #[error("step {step} was killed for lack of memory: {}{}", memory_limit(*limit), tail(last_lines))]
    OutOfMemory {
        /// The step.
        step: String,
        /// The limit in bytes; `None` when only the engine's own memory limits it.
        limit: Option<u64>,
        /// Its last lines of output.
        last_lines: Vec<String>,
        /// The container that was kept, if one was.
        kept: Option<String>,
    },
    /// The steps took longer than they may.
    #[error("step {step} was stopped: the build may take {} in all", humantime::format_duration(*limit))]
    TimedOut {
        /// The step that ran then.
        step: String,
        /// The limit.
        limit: Duration,
        /// The container that was kept, if one was.
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
    /// An output is not there after the steps.
    #[error("the steps succeeded and left no {path}")]
    OutputMissing {
        /// Path in the container.
        path: String,
    },
    /// An output could not be stored.
    #[error("an output could not be collected")]
    Collect(#[source] ArtifactError),
    /// The user stopped the run.
    #[error("interrupted")]
    Interrupted,
}

fn stage_failed(stage: &str) -> String {
    format!("the engine failed during the stage `{stage}`")
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
        Some(bytes) => format!("the limit was {} (--memory)", bytesize::ByteSize(bytes)),
        None => "no limit was set, so the engine's host itself ran out".to_owned(),
    }
}

fn accepted(allowed: Option<&str>) -> String {
    allowed
        .map(|allowed| format!(" (--allow-toolchain accepts {allowed})"))
        .unwrap_or_default()
}

impl ExecuteError {
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

    /// Id of the container that was kept for looking around in it.
    pub fn kept_container(&self) -> Option<&str> {
        match self {
            ExecuteError::StepFailed { kept, .. }
            | ExecuteError::OutOfMemory { kept, .. }
            | ExecuteError::TimedOut { kept, .. } => kept.as_deref(),
            _ => None,
        }
    }
}
