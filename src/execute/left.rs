//! What upstream's own build script leaves on an engine, and its removal.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::checksum::sha256_hex;
use crate::engine::{DockerApi, Engine, EngineError, LABEL_DEADLINE, Leftover, LeftoverKind};

/// How often to look whether the script left more.
const REMOVAL_ROUNDS: u32 = 5;

/// What upstream's own build script leaves on an engine, where nothing carries a label of the tool's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ScriptLeftovers {
    /// Address of the engine.
    pub engine: String,
    /// Beginnings of the names of containers.
    pub containers: Vec<String>,
    /// Beginnings of the names of images.
    pub images: Vec<String>,
    /// A name that an image has for the script only.
    pub temporary: Option<TemporaryTag>,
}

/// A name that an image has for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TemporaryTag {
    /// The name.
    pub name: String,
    /// Id of the image: when the name has come to another one, it is no longer the tool's to take away.
    pub image: String,
}

impl ScriptLeftovers {
    /// Removes it from `engine`, containers first: they hold on to images. Returns what was removed and what could not be,
    /// by its name. A borrowed name that a live run uses is left to that run, which is known by its lock file in `locks`.
    pub(super) async fn remove(
        &self,
        engine: &dyn Engine,
        locks: Option<&Path>,
    ) -> (Vec<Leftover>, Vec<(String, EngineError)>) {
        let (mut removed, mut failed) = (Vec::new(), Vec::new());
        // Only an engine with Docker's API was driven by a script.
        let Some(docker) = engine.as_docker() else {
            return (removed, failed);
        };
        // Again until there is nothing: what a script was just making when it was stopped comes late.
        for _ in 0..REMOVAL_ROUNDS {
            let mut named = match docker.named(&self.containers, &self.images).await {
                Ok(named) => named,
                Err(error) => {
                    failed.push(("what the script left".to_owned(), error));
                    break;
                }
            };
            // Never a container of a run's own, whose name could only by accident begin alike.
            named.retain(|thing| !thing.labels.contains_key(LABEL_DEADLINE));
            if named.is_empty() {
                break;
            }
            failed.clear();
            for thing in named {
                match engine.remove(&thing).await {
                    Ok(()) => removed.push(thing),
                    Err(error) => failed.push((thing.name, error)),
                }
            }
        }
        match self.give_name_back(engine, docker, locks).await {
            Ok(name) => removed.extend(name),
            Err((name, error)) => failed.push((name, error)),
        }
        (removed, failed)
    }

    async fn give_name_back(
        &self,
        engine: &dyn Engine,
        docker: &dyn DockerApi,
        locks: Option<&Path>,
    ) -> Result<Option<Leftover>, (String, EngineError)> {
        let Some(TemporaryTag { name, image }) = &self.temporary else {
            return Ok(None);
        };
        let lock = locks.map(|locks| File::open(name_lock(locks, name)));
        if let Some(Ok(lock)) = &lock
            && matches!(lock.try_lock(), Err(TryLockError::WouldBlock))
        {
            return Ok(None);
        }
        let failed = |error| (name.clone(), error);
        let there = engine.image(name).await.map_err(failed)?;
        let Some(there) = there.filter(|there| there.id == *image) else {
            return Ok(None);
        };
        docker.untag(name).await.map_err(failed)?;
        Ok(Some(Leftover {
            kind: LeftoverKind::Image,
            id: there.id,
            name: name.clone(),
            labels: there.labels,
            running: false,
            size: None,
        }))
    }
}

/// The lock file of a name that images are given for a while.
pub(super) fn name_lock(locks: &Path, name: &str) -> PathBuf {
    let digest = sha256_hex(name.as_bytes());
    locks.join(format!("name-{}.lock", &digest[..16]))
}
