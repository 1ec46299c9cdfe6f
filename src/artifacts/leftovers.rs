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
    /// What it is.
    pub kind: LeftoverKind,
}

/// What a directory is that no target has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftoverKind {
    /// A result.
    Result,
    /// The record of a failed build.
    Failure,
    /// A repository of packages.
    Repository,
}

/// Directory of all repositories in a release. Those for yum have a directory each, that for apt has all suites.
pub const REPOSITORIES: &str = "repositories";
const YUM: &str = "yum";
const APT: &str = "apt";

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

/// The directory of the repository that a file of a release would belong to, by its path.
pub fn repository_of(path: &str) -> Option<&str> {
    let mut parts = path.split('/');
    if parts.next() != Some(REPOSITORIES) {
        return None;
    }
    let kind = parts.next()?;
    let length = match (kind, parts.next()?) {
        (APT, _) => REPOSITORIES.len() + 1 + kind.len(),
        (YUM, name) => {
            // What lies beside the repositories is in none.
            parts.next()?;
            REPOSITORIES.len() + 1 + kind.len() + 1 + name.len()
        }
        _ => return None,
    };
    path.get(..length)
}

/// The results, records of failures and repositories in the release directory `root` that `index` does not have, sorted. Other
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
            let kind = if is_failure {
                LeftoverKind::Failure
            } else if result.join(MANIFEST).is_file() {
                LeftoverKind::Result
            } else {
                return None;
            };
            (!known.contains(&folder)).then_some(Leftover { folder, kind })
        })
        .chain(repositories(root, index))
        .collect();
    found.sort();
    found
}

/// The repositories that an earlier run made and the index does not have.
fn repositories(root: &Path, index: &Index) -> impl Iterator<Item = Leftover> {
    let all = root.join(REPOSITORIES);
    let yum = folders_in(&all.join(YUM)).into_iter();
    let yum = yum.filter(|folder| folder.join("repodata/repomd.xml").is_file());
    let apt = Some(all.join(APT)).filter(|folder| folder.join("dists").is_dir());
    yum.chain(apt).filter_map(move |folder| {
        let folder = folder.strip_prefix(root).ok()?.to_str()?.to_owned();
        let is_known = index.repositories.iter().any(|of| of.folder == folder);
        (!is_known).then_some(Leftover {
            folder,
            kind: LeftoverKind::Repository,
        })
    })
}

fn folders_in(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    folders.map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::repository_of;

    #[test]
    fn a_file_belongs_to_the_repository_above_it() {
        for (path, repository) in [
            (
                "repositories/apt/dists/stable/Release",
                Some("repositories/apt"),
            ),
            ("repositories/apt/packages.asc", Some("repositories/apt")),
            (
                "repositories/yum/el7/repodata/repomd.xml",
                Some("repositories/yum/el7"),
            ),
            ("repositories/yum/el7", None),
            ("repositories/apt", None),
            ("repositories/x/y/z", None),
            ("runc/v1/linux-amd64/runc", None),
        ] {
            assert_eq!(repository_of(path), repository, "{path}");
        }
    }
}
