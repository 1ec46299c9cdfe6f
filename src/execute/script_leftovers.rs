//! What upstream's own build script leaves on an engine, and how it is removed.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::checksum::sha256_hex;
use crate::engine::{
    DockerApi, Engine, EngineError, LABEL_DEADLINE, LABEL_LIFETIME, Leftover, LeftoverKind,
};

/// How often to check whether the script left more.
const REMOVAL_ROUNDS: u32 = 5;

/// What upstream's own build script leaves on an engine. None of it carries a label of the tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ScriptLeftovers {
    /// Address of the engine.
    pub engine: String,
    /// Beginnings of the names of containers.
    pub containers: Vec<String>,
    /// Beginnings of the names of images.
    pub images: Vec<String>,
    /// A tag that an image has only for the script.
    pub temporary: Option<TemporaryTag>,
}

/// A tag that an image has for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TemporaryTag {
    /// The name.
    pub name: String,
    /// Id of the image. When another image has the name by now, the tool must not remove it.
    pub image: String,
}

impl ScriptLeftovers {
    /// Removes it from `engine`, containers first, because they use images. Returns what was removed, and by name what could
    /// not be. A temporary tag that a live run uses stays; that run holds the lock file of the tag in `locks`.
    pub(super) async fn remove(
        &self,
        engine: &dyn Engine,
        locks: Option<&Path>,
    ) -> (Vec<Leftover>, Vec<(String, EngineError)>) {
        let (mut removed, mut failed) = (Vec::new(), Vec::new());
        // Scripts drive only engines with Docker's API.
        let Some(docker) = engine.as_docker() else {
            return (removed, failed);
        };
        // Repeated until nothing is left: what a script was making when it was stopped may appear late.
        for _ in 0..REMOVAL_ROUNDS {
            let mut named = match docker.named(&self.containers, &self.images).await {
                Ok(named) => named,
                Err(error) => {
                    failed.push(("the leftovers of upstream's script".to_owned(), error));
                    break;
                }
            };
            // Never a session of a run, whose name could begin like this only by accident.
            named.retain(|thing| {
                ![LABEL_LIFETIME, LABEL_DEADLINE]
                    .iter()
                    .any(|label| thing.labels.contains_key(*label))
            });
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
            age: None,
            size: None,
        }))
    }
}

/// The lock file of a temporary tag.
pub(super) fn name_lock(locks: &Path, name: &str) -> PathBuf {
    let digest = sha256_hex(name.as_bytes());
    locks.join(format!("name-{}.lock", &digest[..16]))
}
