//! Runs the planned steps in a session and takes the outputs out of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use super::context::Context;
use super::error::ExecuteError;
use super::image::{UsedImage, patch_texts, provide, with_causes};
use super::sinks::{Answer, Tail};
use crate::artifacts::{CollectedFile, collect};
use crate::engine::{Command, EngineError, Exit, LABEL_DEADLINE, Session, SessionSpec};
use crate::events::Event;
use crate::plan::{Plan, PlannedOutput, PlannedSource, PlannedStep};
use crate::verify::VersionRun;

/// What the execution of a plan left.
#[derive(Debug)]
pub struct Built {
    /// The image the steps were run in.
    pub image: UsedImage,
    /// Tree of the compiled source where patches changed it.
    pub patched_tree: Option<String>,
    /// Packages of the image, where it is a Debian one.
    pub packages: Vec<PackageVersion>,
    /// The steps, in order.
    pub steps: Vec<StepRecord>,
    /// The outputs, in the plan's order.
    pub files: Vec<CollectedFile>,
    /// What the outputs said when they were run in the container, by file name.
    pub version_runs: BTreeMap<String, VersionRun>,
}

/// A package of the image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PackageVersion {
    /// Name, with the architecture where it is not the image's own.
    pub name: String,
    /// Version.
    pub version: String,
}

/// A step that was run.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StepRecord {
    /// The step as planned.
    pub name: String,
    /// Program and arguments.
    pub command: Vec<String>,
    /// Environment, added to the image's own.
    pub environment: BTreeMap<String, String>,
    /// How long it took, in milliseconds.
    pub milliseconds: u64,
}

/// Time the container outlives its build's limit, for collecting and for a slow engine.
const GRACE: Duration = Duration::from_mins(10);
/// Time a container's removal may take before the run ends without waiting for it.
const CLOSE_LIMIT: Duration = Duration::from_mins(1);
/// Longest time for a question to the container, such as `--version`.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// Carries out `plan`; the outputs go into the folder `staging`. Whatever happens, the container is gone
/// afterwards, except for one that is kept on request.
///
/// # Errors
/// An [`ExecuteError`] that names what failed.
pub async fn execute(
    plan: &Plan,
    engine_architecture: &str,
    context: &Context<'_>,
    staging: &Path,
) -> Result<Built, ExecuteError> {
    let image = stage(context, "image", describe_image(plan), async {
        let image = until_cancelled(context, provide(plan, engine_architecture, context)).await?;
        let detail = format!("{} ({})", image.name, short(&image.image.id));
        Ok((image, detail))
    })
    .await?;

    let spec = session_spec(plan, &image, context);
    // Not stopped half-way: between its creation and its start a container is nobody's.
    let opened = context.engine.open(&spec).await;
    let session = opened.map_err(|source| {
        // It may have been created before that.
        context.run.leaves_something();
        ExecuteError::Engine {
            stage: "build",
            source,
        }
    })?;
    let outcome = until_cancelled(
        context,
        in_session(plan, engine_architecture, context, staging, &*session),
    )
    .await;
    if outcome
        .as_ref()
        .err()
        .and_then(ExecuteError::kept_container)
        .is_none()
    {
        close(&*session, context).await;
    }
    let (patched_tree, packages, steps, files, version_runs) = outcome?;
    Ok(Built {
        image,
        patched_tree,
        packages,
        steps,
        files,
        version_runs,
    })
}

type SessionResult = (
    Option<String>,
    Vec<PackageVersion>,
    Vec<StepRecord>,
    Vec<CollectedFile>,
    BTreeMap<String, VersionRun>,
);

async fn in_session(
    plan: &Plan,
    engine_architecture: &str,
    context: &Context<'_>,
    staging: &Path,
    session: &dyn Session,
) -> Result<SessionResult, ExecuteError> {
    let patched_tree = unpack_source(plan, context, session).await?;
    let packages = packages(session).await;
    let mut steps = Vec::new();
    let limit = Duration::from_secs(plan.build.limits.timeout_seconds);
    let started = Instant::now();
    for step in &plan.build.steps {
        let remaining = limit.saturating_sub(started.elapsed());
        let running = run_step(plan, step, context, session);
        match tokio::time::timeout(remaining, running).await {
            Ok(record) => steps.push(record?),
            Err(_) => {
                return Err(ExecuteError::TimedOut {
                    step: step.name.clone(),
                    limit,
                });
            }
        }
    }
    let (files, version_runs) = stage(
        context,
        "collect",
        "taking the outputs out".to_owned(),
        async {
            let mut files = Vec::new();
            let mut version_runs = BTreeMap::new();
            for output in &plan.outputs {
                files.push(take_out(output, session, staging).await?);
                if let Some(expected) = &output.expectations.version {
                    let run = if plan.architecture == engine_architecture {
                        ask_version(&output.path, &expected.arguments, session).await
                    } else {
                        VersionRun::NotRun {
                            reason: format!(
                                "it is for {} and the engine runs {engine_architecture}",
                                plan.architecture
                            ),
                        }
                    };
                    version_runs.insert(output.name.clone(), run);
                }
            }
            let bytes = files.iter().map(|file| file.size).sum::<u64>();
            let detail = format!("{} files, {}", files.len(), bytesize::ByteSize(bytes));
            Ok(((files, version_runs), detail))
        },
    )
    .await?;
    Ok((patched_tree, packages, steps, files, version_runs))
}

/// Runs `work` as a stage that is announced and whose end is told with its duration.
async fn stage<T>(
    context: &Context<'_>,
    stage: &'static str,
    detail: String,
    work: impl Future<Output = Result<(T, String), ExecuteError>>,
) -> Result<T, ExecuteError> {
    context.sink.event(&Event::StageStarted { stage, detail });
    let started = Instant::now();
    let (value, detail) = work.await?;
    context.sink.event(&Event::StageFinished {
        stage,
        detail,
        milliseconds: milliseconds(started),
    });
    Ok(value)
}

/// The result of `work`, or [`ExecuteError::Interrupted`] as soon as the user stops the run.
async fn until_cancelled<T>(
    context: &Context<'_>,
    work: impl Future<Output = Result<T, ExecuteError>>,
) -> Result<T, ExecuteError> {
    tokio::select! {
        result = work => result,
        () = context.cancel.cancelled() => Err(ExecuteError::Interrupted),
    }
}

async fn close(session: &dyn Session, context: &Context<'_>) {
    let problem = match tokio::time::timeout(CLOSE_LIMIT, session.close()).await {
        Ok(Ok(())) => return,
        Ok(Err(error)) => with_causes(&error),
        Err(_) => format!(
            "the engine did not answer for {}",
            humantime::format_duration(CLOSE_LIMIT)
        ),
    };
    context.run.leaves_something();
    context.sink.event(&Event::Warning {
        text: format!(
            "the container {} is left on the engine: {problem}; `kmembuild clean` removes it",
            short(session.id())
        ),
    });
}

fn session_spec(plan: &Plan, image: &UsedImage, context: &Context<'_>) -> SessionSpec {
    let lifetime = Duration::from_secs(plan.build.limits.timeout_seconds) + GRACE;
    let deadline = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        + lifetime;
    let mut labels = context.labels(&plan.recipe.name);
    labels.insert(LABEL_DEADLINE.to_owned(), deadline.as_secs().to_string());
    let image_id = image.image.id.trim_start_matches("sha256:");
    let volume = |name: &str| {
        format!(
            "kmembuild-{}-{name}-{}",
            plan.recipe.name,
            &image_id[..12.min(image_id.len())]
        )
    };
    SessionSpec {
        image: image.image.id.clone(),
        name: format!("kmembuild-{}-{}", plan.recipe.name, context.run.id()),
        workdir: plan.build.workdir.clone(),
        labels,
        network: plan.build.network,
        volumes: plan
            .build
            .caches
            .iter()
            .map(|cache| (volume(&cache.name), cache.path.clone()))
            .collect(),
        memory: plan.build.limits.memory,
        nano_cpus: plan.build.limits.nano_cpus,
        lifetime,
    }
}

/// Puts the source into the container; returns the tree's id where patches changed it.
async fn unpack_source(
    plan: &Plan,
    context: &Context<'_>,
    session: &dyn Session,
) -> Result<Option<String>, ExecuteError> {
    match (&plan.source, context.store) {
        (
            PlannedSource::Git {
                tree,
                modified,
                patches,
                ..
            },
            Some(store),
        ) => {
            let patched = store
                .patch(tree, &patch_texts(patches, context))
                .map_err(ExecuteError::Source)?;
            clear_workdir(&plan.build.workdir, session).await?;
            let archive = store.archive(&patched, *modified);
            let uploaded = session.upload(&plan.build.workdir, archive).await;
            uploaded.map_err(|source| ExecuteError::Engine {
                stage: "build",
                source,
            })?;
            Ok((patched != *tree).then_some(patched))
        }
        (PlannedSource::Folder { path, package }, _) => {
            let found = ask(session, &["test", "-d", path]).await;
            if found.is_ok_and(|(exit, _)| exit.code == 0) {
                return Ok(None);
            }
            Err(ExecuteError::SourceFolderMissing {
                path: path.clone(),
                package: package.clone(),
            })
        }
        (PlannedSource::Git { .. }, None) => unreachable!("a git source comes with its store"),
    }
}

/// Removes the files that the image has in the work folder: upstream's own image holds a copy of its source there, and
/// whatever lies beside the source would be compiled along. What is mounted below it, such as a cache, is left alone.
async fn clear_workdir(path: &str, session: &dyn Session) -> Result<(), ExecuteError> {
    let command = ["find", path, "-xdev", "!", "-type", "d", "-delete"];
    let cleared = ask(session, &command).await;
    let (exit, lines) = cleared.map_err(|source| ExecuteError::Engine {
        stage: "build",
        source,
    })?;
    if exit.code == 0 {
        return Ok(());
    }
    Err(ExecuteError::WorkdirNotCleared {
        path: path.to_owned(),
        reason: lines.join("; "),
    })
}

async fn run_step(
    plan: &Plan,
    step: &PlannedStep,
    context: &Context<'_>,
    session: &dyn Session,
) -> Result<StepRecord, ExecuteError> {
    context.sink.event(&Event::StepStarted {
        step: step.name.clone(),
        command: step.command.clone(),
    });
    let started = Instant::now();
    let tail = Tail::new(context.sink);
    let command = Command {
        step: step.name.clone(),
        command: step.command.clone(),
        environment: step.environment.clone(),
        workdir: plan.build.workdir.clone(),
    };
    let exit = session.run(&command, &tail).await;
    let exit = exit.map_err(|source| ExecuteError::Engine {
        stage: "build",
        source,
    })?;
    let milliseconds = milliseconds(started);
    context.sink.event(&Event::StepFinished {
        step: step.name.clone(),
        exit_code: exit.code,
        milliseconds,
    });
    let kept = context.keep.then(|| session.id().to_owned());
    match exit {
        Exit {
            code: 0,
            out_of_memory,
        } => {
            if out_of_memory {
                context.sink.event(&Event::Warning {
                    text: format!(
                        "step {} succeeded although a process of it was killed for lack of memory",
                        step.name
                    ),
                });
            }
            Ok(StepRecord {
                name: step.name.clone(),
                command: step.command.clone(),
                environment: step.environment.clone(),
                milliseconds,
            })
        }
        Exit {
            out_of_memory: true,
            ..
        } => Err(ExecuteError::OutOfMemory {
            step: step.name.clone(),
            limit: plan.build.limits.memory,
            last_lines: tail.into_lines(),
            kept,
        }),
        Exit { code, .. } => Err(ExecuteError::StepFailed {
            step: step.name.clone(),
            command: step.command.clone(),
            exit_code: code,
            last_lines: tail.into_lines(),
            kept,
        }),
    }
}

async fn take_out(
    output: &PlannedOutput,
    session: &dyn Session,
    staging: &Path,
) -> Result<CollectedFile, ExecuteError> {
    let archive = session
        .download(&output.path)
        .await
        .map_err(|error| match error {
            EngineError::NotInContainer { path } => ExecuteError::OutputMissing { path },
            source => ExecuteError::Engine {
                stage: "collect",
                source,
            },
        })?;
    collect(archive, &output.name, staging)
        .await
        .map_err(ExecuteError::Collect)
}

/// Runs a short command; its exit and its lines.
async fn ask(session: &dyn Session, command: &[&str]) -> Result<(Exit, Vec<String>), EngineError> {
    let answer = Answer::default();
    let command = Command {
        step: "question".to_owned(),
        command: command.iter().map(|&word| word.to_owned()).collect(),
        environment: BTreeMap::new(),
        workdir: "/".to_owned(),
    };
    let exit = session.run(&command, &answer).await?;
    Ok((exit, answer.into_lines()))
}

async fn ask_version(path: &str, arguments: &[String], session: &dyn Session) -> VersionRun {
    let command: Vec<&str> = std::iter::once(path)
        .chain(arguments.iter().map(String::as_str))
        .collect();
    match tokio::time::timeout(ANSWER_LIMIT, ask(session, &command)).await {
        Ok(Ok((exit, lines))) => VersionRun::Ran {
            output: lines.join("\n"),
            exit_code: i32::try_from(exit.code).ok(),
        },
        Ok(Err(error)) => VersionRun::NotRun {
            reason: error.to_string(),
        },
        Err(_) => VersionRun::NotRun {
            reason: format!(
                "it did not end within {}",
                humantime::format_duration(ANSWER_LIMIT)
            ),
        },
    }
}

/// The packages of a Debian image; none where there is no dpkg.
async fn packages(session: &dyn Session) -> Vec<PackageVersion> {
    let query = ["dpkg-query", "-W", "-f=${binary:Package} ${Version}\\n"];
    let Ok((Exit { code: 0, .. }, lines)) = ask(session, &query).await else {
        return Vec::new();
    };
    let split = |line: &String| {
        let (name, version) = line.split_once(' ')?;
        Some(PackageVersion {
            name: name.to_owned(),
            version: version.to_owned(),
        })
    };
    lines.iter().filter_map(split).collect()
}

fn describe_image(plan: &Plan) -> String {
    use crate::plan::PlannedImage;
    match &plan.image {
        PlannedImage::Registry(base) => format!("ready image {}", base.name),
        PlannedImage::Dockerfile { way, bases, .. } => {
            let names: Vec<_> = bases.iter().map(|base| base.name.as_str()).collect();
            format!(
                "{} image on {}",
                format!("{way:?}").to_lowercase(),
                names.join(", ")
            )
        }
        PlannedImage::Debian {
            suite, packages, ..
        } => {
            format!("Debian {suite} with {} chosen packages", packages.len())
        }
        PlannedImage::Archive { image_id } => format!("image {} of the archive", short(image_id)),
    }
}

fn short(id: &str) -> &str {
    let id = id.trim_start_matches("sha256:");
    &id[..12.min(id.len())]
}

fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
