//! What upstream's own build script needs around it, and what it leaves behind.
//!
//! Kubernetes' `build/run.sh` drives the engine itself: it makes an image, a container that holds the source and the
//! results, one that takes the source by rsync and one that compiles. It mounts nothing of the host, so it runs in a
//! container that has the engine's socket. It names all that it makes by the first ten digits of the md5 sum of its
//! host's name, its folder and its git branch; a host name of the run's own makes them the run's own.

use std::fs::File;

use md5::{Digest, Md5};

use super::ask::ask;
use super::context::Context;
use super::error::ExecuteError;
use super::image::{UsedImage, present, pull, with_causes};
use super::runs::{BorrowedName, Left};
use crate::checksum::sha256_hex;
use crate::engine::{Engine, EngineError, EngineInfo, LABEL_DEADLINE, Owned, Session, SessionSpec};
use crate::events::Event;
use crate::plan::{Plan, PlannedImage, PlannedScript};

/// Folder of the driver container that comes first in every search path.
const PROGRAMS: &str = "/usr/local/bin";
/// Where an engine has its socket unless its address says otherwise.
const USUAL_SOCKET: &str = "/var/run/docker.sock";

/// Digits of the hash that upstream's script takes.
const HASH_DIGITS: usize = 10;

/// Host name of the driver container.
pub(super) fn hostname(context: &Context<'_>) -> String {
    format!("kmembuild-{}", context.run.id())
}

/// Where the engine that was reached at `address` has its socket.
pub(super) fn socket_of(address: &str) -> String {
    address
        .strip_prefix("unix://")
        .unwrap_or(USUAL_SOCKET)
        .to_owned()
}

/// Refuses an engine that is known not to run the script.
pub(super) fn refuse_engine(engine: &EngineInfo) -> Result<(), ExecuteError> {
    if engine.version.to_lowercase().starts_with("podman") {
        return Err(ExecuteError::NoScript {
            engine: engine.address.clone(),
            reason: format!(
                "{} has no service that the script's docker client can drive from a container",
                engine.version
            ),
        });
    }
    Ok(())
}

/// The failure to open a container: that of a driver may be for want of a socket.
pub(super) fn open_failed(
    source: EngineError,
    spec: &SessionSpec,
    context: &Context<'_>,
) -> ExecuteError {
    match &spec.engine_socket {
        Some(socket) if with_causes(&source).contains("bind source path does not exist") => {
            ExecuteError::NoScript {
                engine: context.engine.address().to_owned(),
                reason: format!("there is no socket at {socket} on its host to drive it by"),
            }
        }
        _ => ExecuteError::Engine {
            stage: "build",
            source,
        },
    }
}

/// What surrounds a script while it runs.
pub(super) struct Surroundings {
    /// What it will leave on the engine.
    pub(super) left: Left,
    /// Keeps others from giving upstream's name to another image meanwhile.
    _name_lock: Option<File>,
}

/// Gives the image the name under which the script looks for it and notes what the script will leave, so that a later
/// run finds it whatever becomes of this one.
pub(super) async fn surround(
    plan: &Plan,
    script: &PlannedScript,
    image: &UsedImage,
    context: &Context<'_>,
) -> Result<Surroundings, ExecuteError> {
    let name = &script.image_name;
    let is_named = image.name == *name;
    let name_lock = if is_named {
        None
    } else {
        Some(lock_name(name, context).await?)
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
    let borrowed = match &plan.image {
        // It may have no other name, and would be gone without this one.
        PlannedImage::Archive { .. } => None,
        _ if is_named => None,
        _ => Some(BorrowedName {
            name: name.clone(),
            image: image.image.id.clone(),
        }),
    };
    let left = what_is_left(plan, script, borrowed, context);
    let noted = context.run.note(&left);
    noted.map_err(|source| ExecuteError::RunNote { source })?;
    if there.is_none() {
        let tagged = context.engine.tag(&image.image.id, name).await;
        tagged.map_err(|source| ExecuteError::Engine {
            stage: "image",
            source,
        })?;
    }
    Ok(Surroundings {
        left,
        _name_lock: name_lock,
    })
}

async fn lock_name(name: &str, context: &Context<'_>) -> Result<File, ExecuteError> {
    let digest = sha256_hex(name.as_bytes());
    let path = context.locks.join(format!("name-{}.lock", &digest[..16]));
    let purpose = format!("runs upstream's script with an image named {name}");
    let locked = crate::lock::lock(&path, context.run.id(), &purpose, context.sink).await;
    locked.map_err(|source| ExecuteError::ImageLock { path, source })
}

fn what_is_left(
    plan: &Plan,
    script: &PlannedScript,
    borrowed: Option<BorrowedName>,
    context: &Context<'_>,
) -> Left {
    // The folder holds no git repository, so the name of the branch is empty.
    let place = format!("{}:{}:", hostname(context), plan.build.workdir);
    let sum = Md5::digest(place.as_bytes());
    let hash: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
    let named = |names: &[String]| {
        let names = names.iter();
        names
            .map(|name| name.replace("{hash}", &hash[..HASH_DIGITS]))
            .collect()
    };
    Left {
        engine: context.engine.address().to_owned(),
        containers: named(&script.containers),
        images: named(&script.images),
        borrowed,
    }
}

/// Makes sure that the driver container has a client of the engine that the script works with.
pub(super) async fn provide_client(
    script: &PlannedScript,
    driver: &SessionSpec,
    context: &Context<'_>,
    session: &dyn Session,
) -> Result<(), ExecuteError> {
    let own = ask(session, &["docker", "--version"]).await;
    if let Ok((exit, lines)) = own
        && exit.code == 0
        && major(&lines.join(" ")).is_some_and(|major| major < script.client_below)
    {
        return Ok(());
    }
    pull(&script.client, context).await?;
    let failed = |source| ExecuteError::Engine {
        stage: "build",
        source,
    };
    let image = present(&script.client.name, context).await?;
    let image = image.ok_or_else(|| {
        failed(EngineError::NoImage {
            image: script.client.name.clone(),
        })
    })?;
    let spec = SessionSpec {
        image: image.id,
        name: format!("{}-client", driver.name),
        hostname: None,
        engine_socket: None,
        network: crate::engine::Network::None,
        ..driver.clone()
    };
    let donor = context.engine.open(&spec).await.map_err(|source| {
        context.run.leaves_something();
        failed(source)
    })?;
    let taken = donor.download(&script.client_path).await;
    let copied = match taken {
        Ok(archive) => session.upload(PROGRAMS, archive).await,
        Err(error) => Err(error),
    };
    if let Err(error) = donor.close().await {
        context.run.leaves_something();
        context.sink.event(&Event::Warning {
            text: format!(
                "a container of {} is left on the engine: {}; `kmembuild clean` removes it",
                script.client.name,
                with_causes(&error)
            ),
        });
    }
    copied.map_err(failed)?;
    context.sink.event(&Event::Note {
        text: format!("the engine's client comes from {}", script.client.name),
    });
    Ok(())
}

/// The major version in `Docker version 20.10.5+dfsg1, build 55c4c88`.
fn major(text: &str) -> Option<u32> {
    let rest = text.split("version ").nth(1)?;
    let digits = rest.find(|c: char| !c.is_ascii_digit())?;
    rest[..digits].parse().ok()
}

/// Removes what the script left. What cannot be removed is told, and left to `kmembuild clean`.
pub(super) async fn remove_what_is_left(left: &Left, context: &Context<'_>) {
    if let Err(error) = left.remove(context.engine).await {
        context.run.leaves_something();
        context.sink.event(&Event::Warning {
            text: format!(
                "what upstream's script made is left on the engine: {}; `kmembuild clean` removes it",
                with_causes(&error)
            ),
        });
    }
}

impl Left {
    /// Removes it from `engine`, containers first: they hold on to images. Returns what was removed.
    pub(super) async fn remove(&self, engine: &dyn Engine) -> Result<Vec<Owned>, EngineError> {
        let mut removed = Vec::new();
        for thing in engine.named(&self.containers, &self.images).await? {
            // Never a container of a run's own, whose names could only by accident begin alike.
            if thing.labels.contains_key(LABEL_DEADLINE) {
                continue;
            }
            engine.remove(&thing).await?;
            removed.push(thing);
        }
        if let Some(BorrowedName { name, image }) = &self.borrowed {
            let there = engine.image(name).await?;
            if there.is_some_and(|there| there.id == *image) {
                engine.untag(name).await?;
            }
        }
        Ok(removed)
    }
}

#[cfg(test)]
mod tests {
    use super::{major, socket_of};

    #[test]
    fn the_major_version_of_a_client_is_read() {
        assert_eq!(
            major("Docker version 20.10.5+dfsg1, build 55c4c88"),
            Some(20)
        );
        assert_eq!(major("Docker version 29.0.1, build eedd969"), Some(29));
        assert_eq!(major("podman version"), None);
    }

    #[test]
    fn the_socket_is_the_one_that_the_engine_was_reached_at() {
        assert_eq!(
            socket_of("unix:///run/user/1000/docker.sock"),
            "/run/user/1000/docker.sock"
        );
        assert_eq!(socket_of("tcp://127.0.0.1:2375"), "/var/run/docker.sock");
    }
}
