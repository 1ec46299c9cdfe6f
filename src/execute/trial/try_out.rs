//! One trial, from the engine to what was written.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::bundle::{self, FOLDER};
use super::error::{Refusal, TrialError};
use super::image::{TRIAL, provide};
use crate::engine::{
    Command, EngineError, EngineInfo, LABEL_DEADLINE, Network, Session, SessionSpec,
};
use crate::events::{Event, Sink};
use crate::execute::ask::ask;
use crate::execute::context::Context;
use crate::execute::error::ExecuteError;
use crate::execute::session_end::close;
use crate::execute::sinks::Tail;
use crate::host::CgroupMounts;
use crate::verify::{TracedRun, WRITES, read_architecture};

/// Time a runc has to make a container, run `true` in it and remove it, strace's own share included.
const LIMIT: Duration = Duration::from_mins(1);
/// Time the container outlives that, for a slow engine.
const GRACE: Duration = Duration::from_mins(5);
/// Makes the container's part of its host's cgroups writable, which the engine mounts for reading only.
const WRITABLE: &str = r#"for place in $(grep ' - cgroup ' /proc/self/mountinfo | cut -d ' ' -f 5); do
busybox mount -o remount,bind,rw "$place" "$place" || exit 1
done"#;

/// What came of a trial.
#[derive(Debug)]
pub struct Trial {
    /// What the program says of its version.
    pub said: String,
    /// What it did.
    pub run: TracedRun,
}

/// Tries the runc at `file` in a container on the engine. Whatever happens, the container is gone afterwards.
///
/// The program is run as root, in a container that may make containers: it has to be one that is trusted as much as if it
/// were run on the engine's host.
///
/// # Errors
/// [`TrialError::Refused`] where this engine, or this program, can show nothing.
pub async fn try_out(
    file: &Path,
    engine: &EngineInfo,
    context: &Context<'_>,
) -> Result<Trial, TrialError> {
    let refused = |source| TrialError::Refused {
        file: file.to_owned(),
        source,
    };
    check_program(file, engine).map_err(refused)?;
    let work = async {
        let setup = context.engine.setup().await.map_err(failed)?;
        if let Some(version) = setup.cgroup_version.filter(|version| version != "1") {
            return Err(refused(Refusal::CgroupVersion { version }));
        }
        Ok(provide(&engine.architecture, context).await?)
    };
    let image = until_cancelled(context, work).await?;
    // Before the container is there: what cannot be read needs none.
    let archive = bundle::archive(file, &engine.architecture);
    let archive = archive.map_err(|source| TrialError::Unreadable {
        file: file.to_owned(),
        source,
    })?;
    // Not stopped half-way: between its creation and its start a container is nobody's.
    let opened = context.engine.open(&spec(image.id, context)).await;
    let session = opened.map_err(|source| {
        context.run.leaves_something();
        failed(source)
    })?;
    let session = &*session;
    let work = async {
        session.upload("/", archive).await.map_err(failed)?;
        prepare(session).await?.map_err(refused)?;
        let said = version(session).await?.map_err(refused)?;
        let run = trace(session, context.sink).await.map_err(failed)?;
        Ok(Trial { said, run })
    };
    let outcome = until_cancelled(context, work).await;
    close(session, context).await;
    outcome
}

fn failed(source: EngineError) -> TrialError {
    TrialError::Execute(ExecuteError::Engine {
        stage: "trial",
        source,
    })
}

/// The result of `work`, or the interruption as soon as the user stops the run.
async fn until_cancelled<T>(
    context: &Context<'_>,
    work: impl Future<Output = Result<T, TrialError>>,
) -> Result<T, TrialError> {
    tokio::select! {
        result = work => result,
        () = context.cancel.cancelled() => Err(ExecuteError::Interrupted.into()),
    }
}

/// Refuses what the engine's processors cannot run.
fn check_program(file: &Path, engine: &EngineInfo) -> Result<(), Refusal> {
    let no_program = |what: String| Err(Refusal::NoProgram { what });
    match read_architecture(file) {
        Err(error) => no_program(crate::execute::with_causes(&error)),
        Ok(Err(format)) => no_program(format.to_string()),
        Ok(Ok(found)) if found == Some(engine.architecture.as_str()) => Ok(()),
        Ok(Ok(found)) => Err(Refusal::Architecture {
            found: found.unwrap_or("processors that are not known").to_owned(),
            wanted: engine.architecture.clone(),
        }),
    }
}

fn spec(image: String, context: &Context<'_>) -> SessionSpec {
    let lifetime = LIMIT + GRACE;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let deadline = now.unwrap_or_default() + lifetime;
    let mut labels = context.labels(TRIAL);
    labels.insert(LABEL_DEADLINE.to_owned(), deadline.as_secs().to_string());
    SessionSpec {
        image,
        name: format!("kmembuild-{TRIAL}-{}", context.run.id()),
        hostname: None,
        engine_socket: None,
        makes_containers: true,
        workdir: "/".to_owned(),
        labels,
        network: Network::None,
        workdir_volume: false,
        volumes: BTreeMap::new(),
        memory: None,
        nano_cpus: None,
        lifetime,
    }
}

/// Sees that the container has what a trial needs, and gives the bundle its busybox. The inner error is why it cannot be.
async fn prepare(session: &dyn Session) -> Result<Result<(), Refusal>, TrialError> {
    let (_, mounts) = ask(session, &["cat", "/proc/self/mountinfo"])
        .await
        .map_err(failed)?;
    let Some(memory) = CgroupMounts::of(&mounts.join("\n")).memory else {
        return Ok(Err(Refusal::NoMemoryController));
    };
    let file = memory.root.join("memory.kmem.limit_in_bytes");
    let file = file.display().to_string();
    let (exit, _) = ask(session, &["test", "-e", &file]).await.map_err(failed)?;
    if exit.code != 0 {
        return Ok(Err(Refusal::NoKernelMemory));
    }
    let (exit, lines) = ask(session, &["sh", "-c", WRITABLE])
        .await
        .map_err(failed)?;
    if exit.code != 0 {
        let reason = lines.join("; ");
        return Ok(Err(Refusal::ReadOnly { reason }));
    }
    let into = format!("/{FOLDER}/bundle/rootfs/bin/busybox");
    let copy = ["cp", "/bin/busybox", &into];
    let (exit, lines) = ask(session, &copy).await.map_err(failed)?;
    if exit.code != 0 {
        let reason = lines.join("; ");
        return Ok(Err(Refusal::ReadOnly { reason }));
    }
    Ok(Ok(()))
}

/// What the program says of its version, if that is what a runc says.
async fn version(session: &dyn Session) -> Result<Result<String, Refusal>, TrialError> {
    let program = format!("/{FOLDER}/program");
    let question = ["timeout", "10", &program, "--version"];
    let (_, lines) = ask(session, &question).await.map_err(failed)?;
    let first = lines.first().map_or("nothing", |line| line.trim());
    let said: String = first
        .chars()
        .filter(|c| !c.is_control())
        .take(200)
        .collect();
    Ok(if said.starts_with("runc version ") {
        Ok(said)
    } else if said.starts_with("Kubernetes v") {
        Err(Refusal::Kubelet)
    } else {
        Err(Refusal::NotRunc { said })
    })
}

/// Lets it run a container under strace.
async fn trace(session: &dyn Session, sink: &dyn Sink) -> Result<TracedRun, EngineError> {
    let place = |name: &str| format!("/{FOLDER}/{name}");
    let calls = format!("trace={}", WRITES.join(","));
    let [file, program, state, bundle] = ["trace", "program", "state", "bundle"].map(place);
    let strace = [
        "strace",
        "-f",
        "-qq",
        "-y",
        "-e",
        "signal=none",
        "-e",
        &calls,
        "-o",
        &file,
    ];
    let runc = [
        &program,
        "--root",
        &state,
        "run",
        "--bundle",
        &bundle,
        "kmembuild",
    ];
    let words = strace.into_iter().chain(runc);
    let command: Vec<String> = words.map(str::to_owned).collect();
    sink.event(&Event::StepStarted {
        step: TRIAL.to_owned(),
        command: command.clone(),
    });
    let started = std::time::Instant::now();
    let tail = Tail::new(sink);
    let command = Command {
        step: TRIAL.to_owned(),
        command,
        environment: BTreeMap::new(),
        workdir: "/".to_owned(),
        counts_kills: false,
    };
    let exit = match tokio::time::timeout(LIMIT, session.run(&command, &tail)).await {
        Ok(exit) => Some(exit?.code),
        Err(_) => None,
    };
    sink.event(&Event::StepFinished {
        step: TRIAL.to_owned(),
        exit_code: exit.unwrap_or(-1),
        milliseconds: crate::execute::step::milliseconds(started),
    });
    // It ends with 1 where there is no such line, and with 2 where nothing was traced: either shows nothing.
    let (_, calls) = ask(session, &["grep", "-as", "/memory\\.", &file]).await?;
    let shown = |line: String| line.chars().filter(|c| !c.is_control()).collect();
    Ok(TracedRun {
        exit_code: exit,
        limit: LIMIT,
        calls: calls.into_iter().map(shown).collect(),
        last_lines: tail.into_lines().into_iter().map(shown).collect(),
    })
}
