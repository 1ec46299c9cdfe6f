//! One check, from the engine to the trace.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::archive::Archive;
use super::confinement::{HostPower, confine, inside};
use super::container::{for_check, in_container, plain};
use super::error::{Refusal, RunCheckError, Stopped};
use super::image::provide;
use super::place::{PROGRAM, RUN_CHECK};
use super::{kubelet, runc};
use crate::engine::{Command, EngineError, EngineInfo, GuestPath, Session, Setup};
use crate::events::{Event, Sink, Warning};
use crate::execute::ask::ask;
use crate::execute::context::Context;
use crate::execute::session_end::until_cancelled;
use crate::execute::sinks::Tail;
use crate::execute::step::milliseconds;
use crate::host::CgroupMounts;
use crate::verify::{CgroupMaker, TracedRun, WRITES, read_architecture};

/// Time limit for a program to make its cgroups under strace.
const LIMIT: Duration = Duration::from_mins(1);
/// What strace writes: outside of everything that the program may write to.
const TRACE: &str = "/trace";
/// Makes the container's part of its host's cgroups writable; the engine mounts it read-only.
const WRITABLE: &str = r#"for place in $(grep ' - cgroup ' /proc/self/mountinfo | cut -d ' ' -f 5); do
busybox mount -o remount,bind,rw "$place" "$place" || exit 1
done"#;

/// Runs the runc or kubelet at `file` in a container on the engine and records what it writes. The container is removed
/// on every path.
///
/// A runc runs in a user namespace, where it owns nothing of the engine's host but the container's cgroups. A kubelet has
/// the engine's socket, and a runc on a host without user namespaces is root there: they are run only with
/// [`HostPower::WhereNeeded`].
///
/// # Errors
/// [`RunCheckError::Refused`] where this engine, or this program, can show nothing, or needs more power than it may have.
pub async fn trace_run(
    file: &Path,
    engine: &EngineInfo,
    power: HostPower,
    context: &Context<'_>,
) -> Result<TracedRun, RunCheckError> {
    let unreadable = |source: io::Error| RunCheckError::Unreadable {
        file: file.to_owned(),
        source,
    };
    let stopped = |stopped: Stopped| stopped.of(file);
    if !engine.capabilities.gets_images {
        return Err(stopped(Refusal::OneContainer.into()));
    }
    check_program(file, engine).map_err(|refusal| stopped(refusal.into()))?;
    let setup = until_cancelled(context, setup(context)).await;
    let setup = setup.map_err(stopped)?;
    let image = until_cancelled(context, provide(&engine.architecture, context)).await?;
    let program = Archive::with_program(file).and_then(Archive::into_stream);
    let plain = plain(image.id, LIMIT, context);
    let asked = in_container(&plain, program.map_err(unreadable)?, context, version);
    let said = asked.await.map_err(stopped)?;
    let maker = maker(&said).map_err(|refusal| stopped(refusal.into()))?;
    if maker == CgroupMaker::Kubelet {
        if power == HostPower::None {
            return Err(stopped(Refusal::KubeletHasHostPower.into()));
        }
        let checked = kubelet::check_engine(engine, &setup, context).await;
        checked.map_err(stopped)?;
    }
    let all = archive(file, maker, &engine.architecture).and_then(Archive::into_stream);
    let spec = for_check(maker, plain);
    let work = async |session: &dyn Session| {
        let memory = prepare(maker, session).await?;
        let command = match maker {
            CgroupMaker::Kubelet => kubelet::command(),
            CgroupMaker::Runc => match confine(session).await {
                Ok(()) => [inside(), runc::command()].concat(),
                Err(Stopped::Refused(Refusal::NoUserNamespace { reason }))
                    if power == HostPower::WhereNeeded =>
                {
                    let warning = Warning::RunAsHostRoot(file.display().to_string(), reason);
                    context.sink.event(&warning.into());
                    runc::command()
                }
                Err(stopped) => return Err(stopped),
            },
        };
        Ok(trace(maker, command, &memory, session, context.sink).await?)
    };
    let traced = in_container(&spec, all.map_err(unreadable)?, context, work);
    traced.await.map_err(stopped)
}

/// How the engine is set up, as far as it reports it. Refuses one whose host can show nothing.
async fn setup(context: &Context<'_>) -> Result<Setup, Stopped> {
    let setup = match context.engine.as_docker() {
        Some(docker) => docker.setup().await?,
        None => Setup::default(),
    };
    let engine = context.engine.describe();
    if !engine.capabilities.limits_memory {
        let version = engine.version.clone();
        return Err(Refusal::NoCgroups { version }.into());
    }
    match &setup.cgroup_version {
        Some(version) if version != "1" => {
            let version = version.clone();
            Err(Refusal::CgroupVersion { version }.into())
        }
        _ => Ok(setup),
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
            found: found.unwrap_or("unknown processors").to_owned(),
            wanted: engine.architecture.clone(),
        }),
    }
}

/// What the program prints about its version.
async fn version(session: &dyn Session) -> Result<String, Stopped> {
    let question = ["timeout", "10", PROGRAM, "--version"];
    let (_, lines) = ask(session, &question).await?;
    let first = lines.first().map_or("nothing", |line| line.trim());
    let said = first.chars().filter(|c| !c.is_control());
    Ok(said.take(200).collect())
}

/// What kind of program prints this about its version.
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

/// What the check needs in its container.
fn archive(file: &Path, maker: CgroupMaker, architecture: &str) -> io::Result<Archive> {
    let mut archive = Archive::with_program(file)?;
    if maker == CgroupMaker::Runc {
        runc::add_bundle(&mut archive, architecture)?;
    }
    Ok(archive)
}

/// Prepares the container and returns the root of its memory hierarchy.
async fn prepare(maker: CgroupMaker, session: &dyn Session) -> Result<String, Stopped> {
    let (_, mounts) = ask(session, &["cat", "/proc/self/mountinfo"]).await?;
    let memory = CgroupMounts::of(&mounts.join("\n")).memory;
    let memory = memory.ok_or(Refusal::NoMemoryController)?;
    let memory = memory.root.display().to_string();
    let file = format!("{memory}/memory.kmem.limit_in_bytes");
    let (exit, _) = ask(session, &["test", "-e", &file]).await?;
    if exit.code != 0 {
        return Err(Refusal::NoKernelMemory.into());
    }
    let own = match maker {
        CgroupMaker::Runc => runc::preparation(),
        CgroupMaker::Kubelet => kubelet::preparation(),
    };
    for script in [WRITABLE, &own] {
        let (exit, lines) = ask(session, &["sh", "-c", script]).await?;
        if exit.code != 0 {
            let reason = lines.join("; ");
            return Err(Refusal::ReadOnly { reason }.into());
        }
    }
    Ok(memory)
}

/// Runs the program under strace until it has made its cgroups.
async fn trace(
    maker: CgroupMaker,
    program: Vec<String>,
    memory: &str,
    session: &dyn Session,
    sink: &dyn Sink,
) -> Result<TracedRun, EngineError> {
    let calls = format!("trace={}", WRITES.join(","));
    let strace = ["strace", "-f", "-qq", "-y", "-e", "signal=none", "-e"];
    let strace = strace.into_iter().chain([&*calls, "-o", TRACE]);
    let strace = strace.map(str::to_owned);
    let traced: Vec<String> = strace.chain(program).collect();
    sink.event(&Event::StepStarted {
        step: RUN_CHECK.to_owned(),
        command: traced.clone(),
        number: 1,
        of: 1,
        last_milliseconds: None,
    });
    let started = Instant::now();
    let tail = Tail::new(sink);
    let command = Command {
        step: RUN_CHECK.to_owned(),
        command: match maker {
            CgroupMaker::Runc => traced,
            CgroupMaker::Kubelet => kubelet::surrounded(traced, memory),
        },
        environment: BTreeMap::new(),
        workdir: GuestPath::new("/"),
        counts_kills: false,
    };
    let exit = match tokio::time::timeout(LIMIT, session.run(&command, &tail)).await {
        Ok(exit) => Some(exit?.code),
        Err(_) => None,
    };
    sink.event(&Event::StepFinished {
        step: RUN_CHECK.to_owned(),
        exit_code: exit.unwrap_or(-1),
        milliseconds: milliseconds(started),
    });
    // Exit code 1 means no such line, 2 no trace at all; neither shows anything.
    let files = ["-e", "/memory\\.", "-e", "/cgroup\\.procs>"];
    let question = [&["grep", "-as"][..], &files, &[TRACE]].concat();
    let (_, calls) = ask(session, &question).await?;
    let shown = |line: String| line.chars().filter(|c| !c.is_control()).collect();
    Ok(TracedRun {
        maker,
        exit_code: exit,
        limit: LIMIT,
        calls: calls.into_iter().map(shown).collect(),
        last_lines: tail.into_lines().into_iter().map(shown).collect(),
    })
}
