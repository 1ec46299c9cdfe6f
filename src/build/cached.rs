//! Results out of the cache, and into it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use super::attempt::{Attempt, passes, proven};
use super::error::{BuildError, FailedBuild};
use super::result::{BuildResult, CacheOutcome};
use crate::artifacts::cache::{ENTRY_FORMAT, Entry, Limits, TakeError};
use crate::artifacts::{
    ArtifactError, BUILD_LOG, BuildLog, MANIFEST, Manifest, PLAN, PublishedError, SBOM, Target,
    read_manifest, read_plan,
};
use crate::events::{Stage, Warning};
use crate::failure::with_causes;
use crate::inside::inside;
use crate::number_of::number_of;
use crate::verify::{CheckName, Expectations, KmemExpectation, Outcome, inspect, judge};

impl Attempt<'_> {
    /// Publishes the cache's result of that key; none where the cache has none that can be used.
    pub(super) async fn publish_cached(
        &self,
        key: &str,
    ) -> Result<Option<BuildResult>, FailedBuild> {
        let Some(entry) = self.look_up(key) else {
            return Ok(None);
        };
        let target = self.claim().await?;
        let _held = self.workspace.results().hold(key);
        let taking = Stage::begin(self.sink, "cache", "taken, and checked again".to_owned());
        let Some(mut manifest) = self.take(&entry, &target)? else {
            return Ok(None);
        };
        self.prove_cached(&mut manifest, key, &target).await?;
        taking.end(number_of(manifest.files.len(), "file"));
        let published = self.publish(target, manifest, CacheOutcome::Cached, Some(key))?;
        Ok(Some(published))
    }

    /// Takes a result that another run built meanwhile, in the place of the log and the plan of this one.
    pub(super) async fn take_instead(
        &self,
        key: &str,
        target: &Target,
        log: &BuildLog,
    ) -> Result<Option<Manifest>, BuildError> {
        if self.order.cache.rebuild {
            return Ok(None);
        }
        let Some(entry) = self.look_up(key) else {
            return Ok(None);
        };
        log.finish()?;
        let aside = target.staging().join(".aside");
        let unwritable = |path: &Path, source| ArtifactError::Unwritable {
            path: path.to_path_buf(),
            source,
        };
        fs::create_dir(&aside).map_err(|source| unwritable(&aside, source))?;
        let move_all = |from: &Path, to: &Path| {
            [BUILD_LOG, PLAN]
                .into_iter()
                .try_for_each(|name| fs::rename(from.join(name), to.join(name)))
                .map_err(|source| unwritable(to, source))
        };
        move_all(target.staging(), &aside)?;
        let taken = self.take(&entry, target)?;
        if taken.is_none() {
            move_all(&aside, target.staging())?;
        }
        fs::remove_dir_all(&aside).map_err(|source| unwritable(&aside, source))?;
        let Some(mut manifest) = taken else {
            return Ok(None);
        };
        self.prove_cached(&mut manifest, key, target).await?;
        Ok(Some(manifest))
    }

    /// Judges a result of the cache, whose content was judged again, by running it, where that is asked for; one that is
    /// refuted goes out of the cache, and is never run on the word of its entry.
    async fn prove_cached(
        &self,
        manifest: &mut Manifest,
        key: &str,
        target: &Target,
    ) -> Result<(), BuildError> {
        if passes(manifest) {
            let staging = target.staging();
            self.check_by_running(manifest, staging, self.sink).await?;
        }
        proven(manifest).inspect_err(|_| {
            if let Err(error) = self.workspace.results().discard(key) {
                self.warn(Warning::RefutedKept(error.to_string()));
            }
        })
    }

    /// The entry of the cache, as far as its list goes; one that cannot be used is removed.
    fn look_up(&self, key: &str) -> Option<Entry> {
        match self.workspace.results().look_up(key) {
            Ok(entry) => entry,
            Err(damage) => {
                self.discard(key, &damage.to_string());
                None
            }
        }
    }

    fn discard(&self, key: &str, damage: &str) {
        self.warn(Warning::CacheCorrupt(damage.to_owned()));
        if let Err(error) = self.workspace.results().discard(key) {
            self.warn(Warning::CorruptKept(error.to_string()));
        }
    }

    /// Takes a result out of the cache and judges the content of its programs; none when it is not what was stored.
    fn take(&self, entry: &Entry, target: &Target) -> Result<Option<Manifest>, BuildError> {
        let damage = match self.place(entry, target.staging()) {
            Ok(manifest) => return Ok(Some(manifest)),
            Err(NotTaken::Damaged(damage)) => damage,
            Err(NotTaken::Failed(error)) => return Err(error),
        };
        self.discard(&entry.key, &damage);
        // A part of it may have been put there.
        for file in &entry.files {
            let _ = fs::remove_file(target.staging().join(&file.name));
        }
        Ok(None)
    }

    fn place(&self, entry: &Entry, staging: &Path) -> Result<Manifest, NotTaken> {
        let damaged = |damage: String| NotTaken::Damaged(damage);
        let results = self.workspace.results();
        results.place(entry, staging).map_err(|error| match error {
            TakeError::Damaged(damage) => damaged(damage.to_string()),
            TakeError::Unwritable { path, source } => {
                NotTaken::Failed(ArtifactError::Unwritable { path, source }.into())
            }
        })?;
        let (companions, outputs): (Vec<_>, Vec<_>) = entry
            .files
            .iter()
            .partition(|file| COMPANIONS.contains(&file.name.as_str()));
        let check = |file, known| {
            let checked = results.check_placed(entry, file, staging, known);
            checked.map_err(|damage| damaged(damage.to_string()))
        };
        companions.iter().try_for_each(|file| check(file, None))?;
        let unreadable = |error: PublishedError| damaged(with_causes(&error));
        let mut manifest = read_manifest(staging).map_err(unreadable)?;
        read_plan(staging).map_err(unreadable)?;
        if !has_the_files(entry, &manifest) {
            return Err(damaged(
                "its files are not those of its manifest".to_owned(),
            ));
        }
        // A large file is read once, to judge it.
        let digests = judge_again(&mut manifest, staging).map_err(NotTaken::Failed)?;
        let mut outputs = outputs.iter();
        outputs.try_for_each(|file| check(file, digests.get(&file.name)))?;
        results.note_use(&entry.key);
        Ok(manifest)
    }

    /// Keeps a proven result; one that cannot be kept is published all the same.
    pub(super) fn store(&self, key: &str, manifest: &Manifest, staging: &Path) {
        let names: Vec<_> = names(manifest).into_iter().collect();
        let entry = Entry {
            format: ENTRY_FORMAT,
            key: key.to_owned(),
            recipe: manifest.recipe.name.clone(),
            version: manifest.version.clone(),
            platform: manifest.platform.clone(),
            files: Vec::new(),
            mac: String::new(),
        };
        let results = self.workspace.results();
        if let Err(error) = results.store(entry, staging, &names, self.run.id()) {
            self.warn(Warning::NotCached(error.to_string()));
        }
        self.reduce_cache(key);
    }

    /// Keeps the cache within its limit; this run holds the lock of `key`, or has taken what it wants of it.
    pub(super) fn reduce_cache(&self, key: &str) {
        let limits = Limits {
            size: Some(self.workspace.configuration.cache_size()),
            own: Some(key),
            ..Limits::default()
        };
        let results = self.workspace.results();
        if let Err(error) = results.prune(limits, SystemTime::now()) {
            self.warn(Warning::CacheTooLarge(error.to_string()));
        }
    }
}

/// What is kept beside the outputs of a build.
pub(super) const COMPANIONS: [&str; 4] = [MANIFEST, PLAN, BUILD_LOG, SBOM];

/// The files of a result that are kept.
pub(super) fn names(manifest: &Manifest) -> BTreeSet<String> {
    let outputs = manifest.files.iter().map(|file| file.name.clone());
    outputs.chain(COMPANIONS.map(str::to_owned)).collect()
}

/// Why a result was not taken out of the cache.
enum NotTaken {
    /// It is not what was stored.
    Damaged(String),
    Failed(BuildError),
}

/// Whether the files of the entry are those that the manifest names, and their digests the same.
fn has_the_files(entry: &Entry, manifest: &Manifest) -> bool {
    let listed: BTreeSet<String> = entry.files.iter().map(|file| file.name.clone()).collect();
    let same = |name: &str, sha256: &str| {
        let mut files = entry.files.iter();
        files.any(|file| file.name == name && file.sha256 == sha256)
    };
    let mut files = manifest.files.iter();
    names(manifest) == listed && files.all(|file| same(&file.name, &file.sha256))
}

/// Judges the content of every program in which accounting is expected to be off; where it is not, that takes the place of
/// what the manifest says. Returns the digests of what was read, by name.
fn judge_again(
    manifest: &mut Manifest,
    staging: &Path,
) -> Result<BTreeMap<String, String>, BuildError> {
    let mut digests = BTreeMap::new();
    for file in &mut manifest.files {
        let mut checks = file.checks.iter_mut();
        let Some(kept) = checks.find(|check| check.name == CheckName::Kmem) else {
            continue;
        };
        let path = inside(staging, &file.name).map_err(|source| BuildError::Staged {
            path: staging.join(&file.name),
            source,
        })?;
        let findings = inspect(&path)?;
        digests.insert(file.name.clone(), findings.sha256.clone());
        let expected = Expectations {
            kmem: Some(KmemExpectation::Off),
            ..Expectations::default()
        };
        let judged = judge(&findings, None, &expected);
        let failed = judged
            .into_iter()
            .find(|check| check.name == CheckName::Kmem && check.outcome == Outcome::Failed);
        if let Some(check) = failed {
            *kept = check;
        }
    }
    Ok(digests)
}
