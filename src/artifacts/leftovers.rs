//! What lies in the directory of a release and belongs to none of its targets.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::index::{Index, IndexResult, IndexTarget};
use super::target::is_record_of_failure;
use crate::inside::inside;
use crate::recipe::MANIFEST;

/// A directory in a release that no target has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leftover {
    /// Its path, relative to the release directory.
    pub folder: String,
    /// Whether it is the record of a failed build; otherwise it is a result.
    pub is_failure: bool,
}

impl Leftover {
    /// Removes it from the release directory `root`, with the directories above it that are empty then.
    ///
    /// # Errors
    /// The system's.
    pub fn remove(&self, root: &Path) -> io::Result<()> {
        let folder = inside(root, &self.folder)?;
        fs::remove_dir_all(&folder)?;
        let above = folder.ancestors().skip(1);
        for parent in above.take_while(|parent| *parent != root) {
            // Fails if it is not empty, as intended.
            if fs::remove_dir(parent).is_err() {
                break;
            }
        }
        Ok(())
    }
}

/// The directories that belong to the targets of a release: those of its results, and of the records of its failures.
pub fn folders_of_targets(index: &Index) -> BTreeSet<String> {
    let folder = |target: &IndexTarget| match target.result {
        IndexResult::Published { .. } => Some(target.folder()),
        IndexResult::Failed { .. } => Some(target.failed_folder()),
        IndexResult::NotNeeded { .. } => None,
    };
    index.targets.iter().filter_map(folder).collect()
}

/// The results and records of failures in the release directory `root` that no target of `index` has, sorted. Other
/// directories may be anybody's, and the result of a target that failed this time is its last good one.
pub fn leftovers(root: &Path, index: &Index) -> Vec<Leftover> {
    let mut known = folders_of_targets(index);
    let failed = index.targets.iter();
    let failed = failed.filter(|target| matches!(target.result, IndexResult::Failed { .. }));
    known.extend(failed.map(IndexTarget::folder));
    let recipes = folders_in(root);
    let versions = recipes.iter().flat_map(|recipe| folders_in(recipe));
    let results = versions.flat_map(|version| folders_in(&version));
    let mut found: Vec<_> = results
        .filter_map(|result| {
            let folder = result.strip_prefix(root).ok()?.to_str()?.to_owned();
            let is_failure = folder.ends_with(".failed") && is_record_of_failure(&result);
            let is_ours = is_failure || result.join(MANIFEST).is_file();
            (is_ours && !known.contains(&folder)).then_some(Leftover { folder, is_failure })
        })
        .collect();
    found.sort();
    found
}

fn folders_in(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    folders.map(|entry| entry.path()).collect()
}
