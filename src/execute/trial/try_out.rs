//! One trial, from the engine to what was written.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::archive::Archive;
use super::container::{for_trial, in_container, plain};
use super::error::{Refusal, TrialError};
use super::image::{TRIAL, provide};
use super::{FOLDER, PROGRAM, engine_failed, kubelet, runc};
use crate::engine::{Command, EngineError, EngineInfo, GuestPath, Session, Setup};
use crate::events::{Event, Sink};
use crate::execute::ask::ask;
use crate::execute::context::Context;
use crate::execute::session_end::until_cancelled;
use crate::execute::sinks::Tail;
use crate::execute::step::milliseconds;
use crate::host::CgroupMounts;
use crate::verify::{CgroupMaker, TracedRun, WRITES, read_architecture};

/// Time a program has to make its cgroups, strace's own share included.
const LIMIT: Duration = Duration::from_mins(1);
/// Makes the container's part of its host's cgroups writable, which the engine mounts for reading only.
const WRITABLE: &str = r#"for place in $(grep ' - cgroup ' /proc/self/mountinfo | cut -d ' ' -f 5); do
busybox mount -o remount,bind,rw "$place" "$place" || exit 1
done"#;

/// Tries the runc or kubelet at `file` in a container on the engine. Whatever happens, the container is gone afterwards.
///
/// The program is run as root, in a container that may make containers, a kubelet also with the engine's socket: it has
/// to be one that is trusted as much as if it were run on the engine's host.
///
/// # Errors
/// [`TrialError::Refused`] where this engine, or this program, can show nothing.
pub async fn try_out(
    file: &Path,
    engine: &EngineInfo,
    context: &Context<'_>,
) -> Result<TracedRun, TrialError> {
    let tried = tried(file, engine, context).await?;
    tried.map_err(|source| TrialError::Refused {
        file: file.to_owned(),
        source,
    })
}

async fn tried(
    file: &Path,
    engine: &EngineInfo,
    context: &Context<'_>,
) -> Result<Result<TracedRun, Refusal>, TrialError> {
    if let Err(refusal) = check_program(file, engine) {
        return Ok(Err(refusal));
    }
    let setup = until_cancelled(context, setup(context)).await?;
    if let Some(version) = setup
        .cgroup_version
        .clone()
        .filter(|version| version != "1")
    {
        return Ok(Err(Refusal::CgroupVersion { version }));
    }
    let image = until_cancelled(context, provide(&engine.architecture, context)).await?;
    let unreadable = |source: io::Error| TrialError::Unreadable {
        file: file.to_owned(),
        source,
    };
    let program = Archive::with_program(file).and_then(Archive::into_stream);
    let plain = plain(image.id, LIMIT, context);
    let asked = in_container(&plain, program.map_err(unreadable)?, context, version);
    let said = match asked.await? {
        Ok(said) => said,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let maker = match maker(&said) {
        Ok(maker) => maker,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if maker == CgroupMaker::Kubelet
        && let Err(refusal) = kubelet::check_engine(engine, &setup, context).await?
    {
        return Ok(Err(refusal));
    }
    let all = archive(file, maker, &engine.architecture).and_then(Archive::into_stream);
    let spec = for_trial(maker, plain);
    let work = async |session: &dyn Session| {
        let memory = match prepare(maker, session).await? {
            Ok(memory) => memory,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let run = trace(maker, &memory, session, context.sink).await;
        Ok(Ok(run.map_err(engine_failed)?))
    };
    in_container(&spec, all.map_err(unreadable)?, context, work).await
}

/// How the engine is set up, as far as it says so.
async fn setup(context: &Context<'_>) -> Result<Setup, TrialError> {
    match context.engine.as_docker() {
        Some(docker) => docker.setup().await.map_err(engine_failed),
        None => Ok(Setup::default()),
    }
}

/// Refuses what the engine's processors cannot run.
fn check_program(file: &Path, engine: &EngineInfo) -> Result<(), Refusal> {
    let no_program = |what: String| Err(Refusal::NoProgram { what });
    match read_architecture(file) {
        Err(error) => no_program(crate::failure::with_causes(&error)),
        Ok(Err(format)) => no_program(format.to_string()),
        Ok(Ok(found)) if found == Some(engine.architecture.as_str()) => Ok(()),
        Ok(Ok(found)) => Err(Refusal::Architecture {
            found: found.unwrap_or("processors that are not known").to_owned(),
            wanted: engine.architecture.clone(),
        }),
    }
}

/// What the program says of its version.
async fn version(session: &dyn Session) -> Result<Result<String, Refusal>, TrialError> {
    let question = ["timeout", "10", PROGRAM, "--version"];
    let (_, lines) = ask(session, &question).await.map_err(engine_failed)?;
    let first = lines.first().map_or("nothing", |line| line.trim());
    let said = first.chars().filter(|c| !c.is_control());
    Ok(Ok(said.take(200).collect()))
}

/// What a program is by what it says of its version.
fn maker(said: &str) -> Result<CgroupMaker, Refusal> {
    if said.starts_with("runc version ") {
        Ok(CgroupMaker::Runc)
    } else if said.starts_with("Kubernetes v") {
        kubelet::check_version(said)?;
        Ok(CgroupMaker::Kubelet)
    } else {
        let said = said.to_owned();
        Err(Refusal::NeitherOfThem { said })
    }
}

/// What the trial needs in its container.
fn archive(file: &Path, maker: CgroupMaker, architecture: &str) -> io::Result<Archive> {
    let mut archive = Archive::with_program(file)?;
    if maker == CgroupMaker::Runc {
        runc::add_bundle(&mut archive, architecture)?;
    }
    Ok(archive)
}

/// Sees that the container has what a trial needs. Where its memory hierarchy is; the inner error is why it cannot be.
async fn prepare(
    maker: CgroupMaker,
    session: &dyn Session,
) -> Result<Result<String, Refusal>, TrialError> {
    let question = ["cat", "/proc/self/mountinfo"];
    let (_, mounts) = ask(session, &question).await.map_err(engine_failed)?;
    let Some(memory) = CgroupMounts::of(&mounts.join("\n")).memory else {
        return Ok(Err(Refusal::NoMemoryController));
    };
    let memory = memory.root.display().to_string();
    let file = format!("{memory}/memory.kmem.limit_in_bytes");
    let question = ["test", "-e", &file];
    let (exit, _) = ask(session, &question).await.map_err(engine_failed)?;
    if exit.code != 0 {
        return Ok(Err(Refusal::NoKernelMemory));
    }
    let own = match maker {
        CgroupMaker::Runc => runc::preparation(),
        CgroupMaker::Kubelet => kubelet::preparation(),
    };
    for script in [WRITABLE, &own] {
        let asked = ask(session, &["sh", "-c", script]).await;
        let (exit, lines) = asked.map_err(engine_failed)?;
        if exit.code != 0 {
            let reason = lines.join("; ");
            return Ok(Err(Refusal::ReadOnly { reason }));
        }
    }
    Ok(Ok(memory))
}

/// Lets it make its cgroups under strace.
async fn trace(
    maker: CgroupMaker,
    memory: &str,
    session: &dyn Session,
    sink: &dyn Sink,
) -> Result<TracedRun, EngineError> {
    let file = format!("/{FOLDER}/trace");
    let calls = format!("trace={}", WRITES.join(","));
    let strace = ["strace", "-f", "-qq", "-y", "-e", "signal=none", "-e"];
    let strace = strace.into_iter().chain([&*calls, "-o", &file]);
    let strace = strace.map(str::to_owned);
    let (program, surrounds): (_, fn(_, &str) -> _) = match maker {
        CgroupMaker::Runc => (runc::command(), |traced, _| traced),
        CgroupMaker::Kubelet => (kubelet::command(), kubelet::surrounded),
    };
    let traced: Vec<String> = strace.chain(program).collect();
    sink.event(&Event::StepStarted {
        step: TRIAL.to_owned(),
        command: traced.clone(),
    });
    let started = Instant::now();
    let tail = Tail::new(sink);
    let command = Command {
        step: TRIAL.to_owned(),
        command: surrounds(traced, memory),
        environment: BTreeMap::new(),
        workdir: GuestPath::new("/"),
        counts_kills: false,
    };
    let exit = match tokio::time::timeout(LIMIT, session.run(&command, &tail)).await {
        Ok(exit) => Some(exit?.code),
        Err(_) => None,
    };
    sink.event(&Event::StepFinished {
        step: TRIAL.to_owned(),
        exit_code: exit.unwrap_or(-1),
        milliseconds: milliseconds(started),
    });
    // It ends with 1 where there is no such line, and with 2 where nothing was traced: either shows nothing.
    let (_, calls) = ask(session, &["grep", "-as", "/memory\\.", &file]).await?;
    let shown = |line: String| line.chars().filter(|c| !c.is_control()).collect();
    Ok(TracedRun {
        maker,
        exit_code: exit,
        limit: LIMIT,
        calls: calls.into_iter().map(shown).collect(),
        last_lines: tail.into_lines().into_iter().map(shown).collect(),
    })
}
