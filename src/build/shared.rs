//! Results out of shared caches, and into them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::attempt::Attempt;
use super::cached::{COMPANIONS, names};
use super::error::BuildError;
use super::order::BuildOrder;
use super::prepared::Prepared;
use super::result::{BuildResult, CacheOutcome};
use super::workspace::Workspace;
use crate::artifacts::cache::{ENTRY_FORMAT, Entry};
use crate::artifacts::{Manifest, ManifestFile, PLAN, read_manifest, read_plan};
use crate::delivery::shared_cache::{SharedCache, SharedEntry, SharedResult};
use crate::events::{Note, Sink, Stage, Warning};
use crate::failure::with_causes;
use crate::inside::inside;
use crate::plan::Plan;
use crate::verify::{CheckName, Expectations, Outcome, inspect, judge};

/// Digits of a key's id, for people.
const SHOWN_DIGITS: usize = 16;

impl Attempt<'_> {
    /// Brings the result of that key out of a shared cache into the cache, where that has none. Returns whether it did; whatever
    /// is wrong with the shared cache is told, and the build goes on without it.
    pub(super) async fn bring_shared(&self, key: &str) -> Result<bool, BuildError> {
        if self.find_shared(key).await?.is_none() {
            return Ok(false);
        }
        let _alone = self.build_alone(key).await?;
        self.bring_shared_alone(key).await
    }

    /// As [`Attempt::bring_shared`], where this run holds the lock of the key.
    pub(super) async fn bring_shared_alone(&self, key: &str) -> Result<bool, BuildError> {
        match (self.find_shared(key).await?, &self.workspace.shared_cache) {
            (Some(entry), Some(shared)) => self.bring(shared, &entry).await,
            _ => Ok(false),
        }
    }

    /// What a shared cache has of a key; nothing where the cache has it as well.
    async fn find_shared(&self, key: &str) -> Result<Option<SharedEntry>, BuildError> {
        let Some(shared) = &self.workspace.shared_cache else {
            return Ok(None);
        };
        let is_kept = matches!(self.workspace.results().look_up(key), Ok(Some(_)));
        if self.order.cache.rebuild || is_kept {
            return Ok(None);
        }
        let finding = shared.find(key, self.sink);
        self.workspace.or_stopped(finding).await
    }

    async fn bring(&self, shared: &SharedCache, entry: &SharedEntry) -> Result<bool, BuildError> {
        let SharedEntry {
            result,
            signer,
            place,
            ..
        } = entry;
        let size = bytesize::ByteSize(result.size());
        let bringing = Stage::begin(self.sink, "fetch", format!("{size} from {place}"));
        let results = self.workspace.results();
        let not_kept = |error: std::io::Error| {
            self.warn(Warning::NotCached(error.to_string()));
            Ok(false)
        };
        // What a killed run leaves of it is swept as other unfinished entries are.
        let prefix = format!(".{}.partial-", result.key);
        let folder = fs::create_dir_all(results.folder()).and_then(|()| {
            tempfile::Builder::new()
                .prefix(&prefix)
                .tempdir_in(results.folder())
        });
        let folder = match folder {
            Ok(folder) => folder,
            Err(error) => return not_kept(error),
        };
        let fetching = shared.fetch(entry, folder.path(), self.sink);
        if !self.workspace.or_stopped(fetching).await? {
            return Ok(false);
        }
        if let Err(reason) = prove(result, folder.path()) {
            shared.refuse(entry, &reason, self.sink);
            return Ok(false);
        }
        let names: Vec<_> = result.files.iter().map(|file| file.name.clone()).collect();
        let described = Entry {
            format: ENTRY_FORMAT,
            key: result.key.clone(),
            recipe: result.recipe.clone(),
            version: result.version.clone(),
            platform: result.platform.clone(),
            files: Vec::new(),
            mac: String::new(),
        };
        if let Err(error) = results.store(described, folder.path(), &names, self.run.id()) {
            return not_kept(error);
        }
        bringing.end(format!("{} files", names.len()));
        let note = Note::FromShared(place.clone(), signer[..SHOWN_DIGITS].to_owned());
        self.sink.event(&note.into());
        Ok(true)
    }
}

/// Brings the result of `prepared` out of a shared cache into the cache of this machine, where only the former has it, so that
/// [`super::carry_out`] finds it there.
///
/// # Errors
/// [`BuildError::Interrupted`], and those of the cache directory.
pub async fn bring_shared(
    order: &BuildOrder,
    prepared: &Prepared,
    key: &str,
    workspace: &Workspace,
    sink: &dyn Sink,
) -> Result<(), BuildError> {
    let run = workspace.begin_run(prepared.engine.as_ref())?;
    let attempt = Attempt {
        order,
        prepared,
        workspace,
        run: &run,
        sink,
    };
    attempt.bring_shared(key).await.map(drop)
}

/// Puts a published result into the shared caches that lack it, if there are any. That it cannot be is told, and changes
/// nothing for the result.
pub(super) async fn share(
    order: &BuildOrder,
    prepared: &Prepared,
    workspace: &Workspace,
    result: &BuildResult,
    sink: &dyn Sink,
) {
    let (Some(shared), Some(key)) = (&workspace.shared_cache, &result.key) else {
        return;
    };
    if !shared.is_written() {
        return;
    }
    let is_new = result.outcome == CacheOutcome::Built;
    let sharing = async {
        let to = if is_new && order.cache.rebuild {
            shared.all()
        } else {
            shared.lacking(key, sink).await
        };
        if !to.is_empty() {
            share_kept(shared, &to, key, workspace, sink).await;
        }
        if let Some(identity) = prepared.plan.image_identity() {
            let content = &result.manifest.image.content;
            // Only what a whole image was seen to give.
            let seen = workspace.remembered(&prepared.plan, &content.architecture);
            if seen.as_ref() == Some(content) {
                shared.push_image(&identity, content, is_new, sink).await;
            }
        }
    };
    if workspace.or_stopped(sharing).await.is_err() {
        let warning = Warning::NotShared(shared.written_places(), "interrupted".to_owned());
        sink.event(&warning.into());
    }
}

/// Signs a result of the cache after its content was judged again, and puts it into shared caches.
async fn share_kept(
    shared: &SharedCache,
    to: &[usize],
    key: &str,
    workspace: &Workspace,
    sink: &dyn Sink,
) {
    let results = workspace.results();
    let _held = results.hold(key);
    let folder = results.entry_folder(key);
    let proven = match results.look_up(key) {
        Ok(Some(entry)) => {
            let mut companions = entry.files.iter();
            let damaged = companions
                .by_ref()
                .filter(|file| COMPANIONS.contains(&file.name.as_str()))
                .find_map(|file| results.check_placed(&entry, file, &folder, None).err());
            let Entry {
                recipe,
                version,
                platform,
                files,
                ..
            } = entry;
            let result = SharedResult::new(key, [&recipe, &version, &platform], files);
            match damaged {
                Some(damage) => Err(damage.to_string()),
                // What is signed is proven by its own content.
                None => prove(&result, &folder).map(|()| result),
            }
        }
        Ok(None) => Err("the cache of this machine did not keep it".to_owned()),
        Err(damage) => Err(damage.to_string()),
    };
    match proven {
        Ok(result) => {
            let size = bytesize::ByteSize(result.size());
            let places = shared.written_places();
            let pushing = Stage::begin(sink, "share", format!("{size} to {places}"));
            shared.push(to, &result, &folder, sink).await;
            pushing.end(format!("{} files", result.files.len()));
        }
        Err(reason) => {
            let warning = Warning::NotShared(shared.written_places(), reason);
            sink.event(&warning.into());
        }
    }
}

/// Judges a result in a directory by its own content: it is that of the content key that it is named by, and its files are
/// what its plan demands. The digests of its files are checked already, except for those of its manifest.
fn prove(result: &SharedResult, folder: &Path) -> Result<(), String> {
    let manifest = read_manifest(folder).map_err(|error| with_causes(&error))?;
    let plan = read_plan(folder).map_err(|error| with_causes(&error))?;
    let listed: BTreeSet<_> = result.files.iter().map(|file| file.name.clone()).collect();
    if names(&manifest) != listed || !manifest.files.iter().all(|file| is_listed(file, result)) {
        return Err("its files are not those of its manifest".to_owned());
    }
    let mut files = result.files.iter();
    if !files.any(|file| file.name == PLAN && file.sha256 == manifest.plan_sha256) {
        return Err("its plan is not the one of its manifest".to_owned());
    }
    let key = plan.content_key(&manifest.image.content);
    if key != result.key {
        return Err(format!(
            "its plan and its image have the content key {key}, not {}",
            result.key
        ));
    }
    let of_statement = [&result.recipe, &result.version, &result.platform];
    let of_manifest = [&manifest.recipe.name, &manifest.version, &manifest.platform];
    let of_plan = [&plan.recipe.name, &plan.version, &plan.platform];
    if of_statement != of_manifest || of_manifest != of_plan {
        return Err("its statement, its manifest and its plan name different results".to_owned());
    }
    if !manifest.not_enforced.is_empty() {
        return Err("it was made with less care than its plan demands".to_owned());
    }
    judge_all(&plan, &manifest, folder)
}

/// Whether the statement has a file of the manifest as it is there.
fn is_listed(file: &ManifestFile, result: &SharedResult) -> bool {
    result.files.iter().any(|listed| {
        let is_program = file.permissions().is_some_and(|mode| mode & 0o111 != 0);
        let is_same = listed.name == file.name && listed.sha256 == file.sha256;
        is_same && listed.size == file.size && is_program == (listed.mode == 0o755)
    })
}

/// Judges every file by what the plan expects of it. Whether it reports its version was seen where it was built.
fn judge_all(plan: &Plan, manifest: &Manifest, folder: &Path) -> Result<(), String> {
    let is_missing = |name: &str| !manifest.files.iter().any(|file| file.name == name);
    if let Some(output) = plan.outputs.iter().find(|output| is_missing(&output.name)) {
        return Err(format!("it has no {}", output.name));
    }
    for file in &manifest.files {
        let mut outputs = plan.outputs.iter();
        let output = outputs.find(|output| output.name == file.name);
        let expectations =
            output.map_or_else(Expectations::default, |output| output.expectations.clone());
        let path = inside(folder, &file.name).map_err(|error| error.to_string())?;
        let findings = inspect(&path).map_err(|error| with_causes(&error))?;
        if findings.sha256 != file.sha256 {
            return Err(format!("{} is not the one of its manifest", file.name));
        }
        for check in judge(&findings, None, &expectations) {
            let Some(recorded) = file.checks.iter().find(|kept| kept.name == check.name) else {
                return Err(format!("{} was not checked ({})", file.name, check.name));
            };
            let is_run = check.name == CheckName::Version;
            let failed = [Some(recorded), (!is_run).then_some(&check)];
            let mut failed = failed.into_iter().flatten();
            if let Some(check) = failed.find(|check| check.outcome == Outcome::Failed) {
                return Err(format!(
                    "{}: {}: {}, expected {}",
                    file.name, check.name, check.found, check.expected
                ));
            }
        }
    }
    Ok(())
}
