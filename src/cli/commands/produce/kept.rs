//! Results out of the cache, and into it.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use super::super::explain;
use super::make::Making;
use crate::artifacts::cache::{ENTRY_FORMAT, Entry, Limits, TakeError};
use crate::artifacts::{
    ArtifactError, BUILD_LOG, BuildLog, MANIFEST, Manifest, PLAN, SBOM, Target,
};
use crate::failure::Failure;
use crate::plan::Plan;

impl Making<'_> {
    /// The entry of the cache, as far as its list goes; one that cannot be used is removed.
    pub(super) fn look_up(&self, key: &str) -> Option<Entry> {
        match self.invocation.results().look_up(key) {
            Ok(entry) => entry,
            Err(damage) => {
                self.discard(key, &damage.to_string());
                None
            }
        }
    }

    /// Removes a result that was proven by what is in it, and is refuted by what it does.
    pub(super) fn forget(&self, key: &str) {
        if let Err(error) = self.invocation.results().discard(key) {
            self.warn(format!(
                "it could not be removed from the cache, `kmembuild cache prune` does it: {error}"
            ));
        }
    }

    fn discard(&self, key: &str, damage: &str) {
        self.warn(format!(
            "the result in the cache is damaged and removed, and is built again: {damage}"
        ));
        if let Err(error) = self.invocation.results().discard(key) {
            self.warn(format!("it could not be removed: {error}"));
        }
    }

    /// Takes a result out of the cache; none when it is not what was stored.
    pub(super) fn take(&self, entry: &Entry, target: &Target) -> Result<Option<Manifest>, Failure> {
        let taken = self.invocation.results().take(entry, target.staging());
        let damage = match taken {
            Ok(()) => match (read_manifest(target.staging()), read_plan(target.staging())) {
                (Some(manifest), Some(_)) => return Ok(Some(manifest)),
                _ => "its manifest or its plan is of another version of this tool".to_owned(),
            },
            Err(TakeError::Damaged(damage)) => damage.to_string(),
            Err(TakeError::Unwritable { path, source }) => {
                return Err(explain::artifact(ArtifactError::Unwritable {
                    path,
                    source,
                }));
            }
        };
        self.discard(&entry.key, &damage);
        // A part of it may have been put there.
        for file in &entry.files {
            let _ = fs::remove_file(target.staging().join(&file.name));
        }
        Ok(None)
    }

    /// Takes a result that another run built meanwhile, in the place of the log and the plan of this one.
    pub(super) fn take_instead(
        &self,
        entry: &Entry,
        target: &Target,
        log: &BuildLog,
    ) -> Result<Option<Manifest>, Failure> {
        log.finish().map_err(explain::artifact)?;
        let aside = target.staging().join(".aside");
        let unwritable = |path: &Path, source| {
            let path = path.to_path_buf();
            explain::artifact(ArtifactError::Unwritable { path, source })
        };
        fs::create_dir(&aside).map_err(|source| unwritable(&aside, source))?;
        let move_all = |from: &Path, to: &Path| {
            [BUILD_LOG, PLAN]
                .into_iter()
                .try_for_each(|name| fs::rename(from.join(name), to.join(name)))
                .map_err(|source| unwritable(to, source))
        };
        move_all(target.staging(), &aside)?;
        let taken = self.take(entry, target)?;
        if taken.is_none() {
            move_all(&aside, target.staging())?;
        }
        fs::remove_dir_all(&aside).map_err(|source| unwritable(&aside, source))?;
        Ok(taken)
    }

    /// Keeps a proven result; one that cannot be kept is published all the same.
    pub(super) fn store(&self, key: &str, manifest: &Manifest, staging: &Path) {
        let outputs = manifest.files.iter().map(|file| file.name.clone());
        let beside = [MANIFEST, PLAN, BUILD_LOG, SBOM].map(str::to_owned);
        let names: Vec<_> = outputs.chain(beside).collect();
        let entry = Entry {
            format: ENTRY_FORMAT,
            key: key.to_owned(),
            recipe: manifest.recipe.name.clone(),
            version: manifest.version.clone(),
            platform: manifest.platform.clone(),
            files: Vec::new(),
        };
        let results = self.invocation.results();
        if let Err(error) = results.store(entry, staging, &names, self.run.id()) {
            self.warn(format!(
                "the result could not be kept in the cache, and would be built again: {error}"
            ));
        }
        let limits = Limits {
            size: Some(self.invocation.config.cache_size()),
            own: Some(key),
            ..Limits::default()
        };
        if let Err(error) = results.prune(limits, SystemTime::now()) {
            self.warn(format!(
                "the cache could not be kept in its limits: {error}"
            ));
        }
    }
}

pub(super) fn read_manifest(folder: &Path) -> Option<Manifest> {
    serde_json::from_slice(&fs::read(folder.join(MANIFEST)).ok()?).ok()
}

fn read_plan(folder: &Path) -> Option<Plan> {
    serde_json::from_slice(&fs::read(folder.join(PLAN)).ok()?).ok()
}
