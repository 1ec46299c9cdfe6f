//! What upstream's own build script needs around it, and what it leaves behind.
//!
//! Kubernetes' `build/run.sh` drives the engine itself: it makes an image, a container for the source and the results, one
//! that receives the source by rsync and one that compiles. It mounts nothing of the host, so it can run in a container
//! that has the engine's socket. The names of everything it makes have the first ten digits of the md5 sum of its host
//! name, its directory and its git branch; a host name that only this run has makes these names unique to the run.

use std::fs::File;
use std::time::Duration;

use md5::{Digest, Md5};

use super::context::Context;
use super::error::ExecuteError;
use super::found::{engine_failed, present};
use super::image::UsedImage;
use super::script_leftovers::{ScriptLeftovers, TemporaryTag, name_lock};
use crate::engine::{DockerApi, EngineError, EngineInfo};
use crate::events::Warning;
use crate::failure::with_causes;
use crate::plan::{Plan, PlannedScript};

/// Time limit for the removal of what a script left; then the run ends without waiting for it.
const REMOVAL_LIMIT: Duration = Duration::from_mins(5);
/// Digits of the hash that upstream's script uses.
const HASH_DIGITS: usize = 10;

/// Host name of the driver container.
pub(super) fn hostname(context: &Context<'_>) -> String {
    format!("kmembuild-{}", context.run.id())
}

/// Refuses an engine that cannot run upstream's script.
///
/// # Errors
/// [`ExecuteError::NoScript`].
pub fn refuse_engine(engine: &EngineInfo) -> Result<(), ExecuteError> {
    if engine.capabilities.has_host_socket {
        return Ok(());
    }
    Err(not_docker(engine))
}

fn not_docker(engine: &EngineInfo) -> ExecuteError {
    ExecuteError::NoScript {
        engine: engine.address.clone(),
        reason: format!("the script requires Docker, but this is {}", engine.version),
    }
}

/// The part of the engine that only Docker has.
fn docker_of<'a>(context: &Context<'a>) -> Result<&'a dyn DockerApi, ExecuteError> {
    let engine = context.engine.describe();
    refuse_engine(engine)?;
    context.engine.as_docker().ok_or_else(|| not_docker(engine))
}

/// The error of a session that could not be opened; that of a driver may lack the engine's socket.
pub(super) fn open_failed(source: EngineError, context: &Context<'_>) -> ExecuteError {
    match source {
        EngineError::NoSocket { socket } => ExecuteError::NoScript {
            engine: context.engine.describe().address.clone(),
            reason: format!("socket {socket} not found on its host"),
        },
        error => ExecuteError::engine("build")(error),
    }
}

/// What surrounds a script while it runs.
pub(super) struct Surroundings {
    /// What it will leave on the engine.
    pub(super) left: ScriptLeftovers,
    /// Keeps other runs from giving upstream's name to another image meanwhile.
    _name_lock: Option<File>,
}

/// Gives the image the name by which the script finds it, and records what the script will leave behind, so that a later
/// run finds it however this one ends.
pub(super) async fn surround(
    plan: &Plan,
    script: &PlannedScript,
    image: &UsedImage,
    context: &Context<'_>,
) -> Result<Surroundings, ExecuteError> {
    let docker = docker_of(context)?;
    let name = &script.image_name;
    let is_named = image.name == *name;
    let name_lock = if is_named {
        None
    } else {
        let purpose = format!("is running upstream's script with an image named {name}");
        let path = name_lock(context.locks, name);
        Some(context.lock(path, &purpose).await?)
    };
    let there = present(name, context).await?;
    if let Some(there) = &there
        && there.id != image.image.id
    {
        return Err(ExecuteError::NameTaken {
            name: name.clone(),
            other: there.id.clone(),
            wanted: image.image.id.clone(),
        });
    }
    // An existing name belongs to somebody, except on an image that the tool made: there a killed run left it.
    let made = plan.image.identity().is_some();
    let temporary = (there.is_none() || made).then(|| TemporaryTag {
        name: name.clone(),
        image: image.image.id.clone(),
    });
    let left = what_is_left(plan, script, temporary, context);
    let noted = context.run.note(&left);
    noted.map_err(|source| ExecuteError::RunNote { source })?;
    if there.is_none() {
        let tagged = docker.tag(&image.image.id, name).await;
        tagged.map_err(engine_failed)?;
    }
    Ok(Surroundings {
        left,
        _name_lock: name_lock,
    })
}

fn what_is_left(
    plan: &Plan,
    script: &PlannedScript,
    temporary: Option<TemporaryTag>,
    context: &Context<'_>,
) -> ScriptLeftovers {
    // The directory is not a git repository, so the name of the branch is empty.
    let place = format!("{}:{}:", hostname(context), plan.build.workdir);
    let sum = Md5::digest(place.as_bytes());
    let hash: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
    let named = |names: &[String]| {
        let names = names.iter();
        names
            .map(|name| name.replace("{hash}", &hash[..HASH_DIGITS]))
            .collect()
    };
    ScriptLeftovers {
        engine: context.engine.describe().address.clone(),
        containers: named(&script.containers),
        images: named(&script.images),
        temporary,
    }
}

/// Removes what the script left. A failure is a warning; `kmembuild clean` removes the rest.
pub(super) async fn remove_what_is_left(surroundings: Surroundings, context: &Context<'_>) {
    let Surroundings { left, _name_lock } = surroundings;
    // This run still holds the lock of the name.
    let removal = left.remove(context.engine, None);
    let problem = match tokio::time::timeout(REMOVAL_LIMIT, removal).await {
        Ok((_, failed)) if failed.is_empty() => return,
        Ok((_, failed)) => {
            let reasons = failed
                .iter()
                .map(|(name, error)| format!("{name}: {}", with_causes(error)));
            reasons.collect::<Vec<_>>().join("; ")
        }
        Err(_) => format!(
            "the engine did not finish within {}",
            humantime::format_duration(REMOVAL_LIMIT)
        ),
    };
    context.run.leaves_something();
    let warning = Warning::LeftBehind("what upstream's script made".to_owned(), problem);
    context.sink.event(&warning.into());
}
