//! Changes files of a tree.

use std::collections::BTreeMap;

use git2::{FileMode, Oid, Repository};

use super::error::SourceError;
use super::store::Store;
use super::tree::tree_oid;

/// Changes to a tree by path: a file's new object and mode, or `None` to remove it.
pub(super) type Changes = BTreeMap<String, Change>;

type Change = Option<(Oid, i32)>;

impl Store {
    /// Puts files (path from the root, content) into a tree and returns the new tree's id. An existing file keeps its mode, a
    /// new one is a plain file.
    ///
    /// # Errors
    /// [`SourceError::TreeRead`] if the store does not have the tree, [`SourceError::BadPath`], [`SourceError::TreeWrite`].
    pub fn replace(
        &self,
        tree_id: &str,
        files: BTreeMap<String, Vec<u8>>,
    ) -> Result<String, SourceError> {
        let repository = self.repository()?;
        let base = tree_oid(&repository, tree_id)?;
        let failed = |source| write_failed(tree_id, source);
        let mut changes = Changes::new();
        for (path, content) in files {
            check_path(&path)?;
            let blob = repository.blob(&content).map_err(failed)?;
            let mode = repository
                .find_tree(base)
                .and_then(|tree| tree.get_path(path.as_ref()))
                .map_or(FileMode::Blob.into(), |entry| entry.filemode());
            changes.insert(path, Some((blob, mode)));
        }
        write_changes(&repository, base, &changes).map(|id| id.to_string())
    }
}

/// Refuses paths that git would not check out.
pub(super) fn check_path(path: &str) -> Result<(), SourceError> {
    let bad = path.contains('\0')
        || path.split('/').any(|part| {
            part.is_empty() || part == "." || part == ".." || part.eq_ignore_ascii_case(".git")
        });
    if bad {
        return Err(SourceError::BadPath {
            path: path.to_owned(),
        });
    }
    Ok(())
}

/// Applies `changes` to the tree `base`, and writes the new tree.
pub(super) fn write_changes(
    repository: &Repository,
    base: Oid,
    changes: &Changes,
) -> Result<Oid, SourceError> {
    let changes: Vec<(&str, Change)> = changes
        .iter()
        .map(|(path, change)| (path.as_str(), *change))
        .collect();
    changed(repository, Some(base), &changes)
        .and_then(|id| match id {
            Some(id) => Ok(id),
            // Nothing is left: the empty tree.
            None => repository.treebuilder(None)?.write(),
        })
        .map_err(|source| write_failed(&base.to_string(), source))
}

pub(super) fn write_failed(tree_id: &str, source: git2::Error) -> SourceError {
    SourceError::TreeWrite {
        tree: tree_id.to_owned(),
        source,
    }
}

/// One directory with the changes below it; `None` if it is empty then, because git has no empty directories.
///
/// git2's own `TreeUpdateBuilder` cannot turn a file into a directory of the same name, or back.
fn changed(
    repository: &Repository,
    base: Option<Oid>,
    changes: &[(&str, Change)],
) -> Result<Option<Oid>, git2::Error> {
    let base = base.map(|id| repository.find_tree(id)).transpose()?;
    let mut builder = repository.treebuilder(base.as_ref())?;
    let mut below: BTreeMap<&str, Vec<(&str, Change)>> = BTreeMap::new();
    let mut here = Vec::new();
    for (path, change) in changes {
        match path.split_once('/') {
            Some((folder, rest)) => below.entry(folder).or_default().push((rest, *change)),
            None => here.push((*path, *change)),
        }
    }
    // Removals first: a file may make room for a directory of its name.
    here.sort_by_key(|(_, change)| change.is_some());
    for (name, _) in here.iter().filter(|(_, change)| change.is_none()) {
        if builder.get(name)?.is_some() {
            builder.remove(*name)?;
        }
    }
    for (name, changes) in below {
        let folder = builder
            .get(name)?
            .filter(|entry| entry.kind() == Some(git2::ObjectType::Tree))
            .map(|entry| entry.id());
        match changed(repository, folder, &changes)? {
            Some(id) => {
                builder.insert(name, id, FileMode::Tree.into())?;
            }
            None if builder.get(name)?.is_some() => builder.remove(name)?,
            None => {}
        }
    }
    for (name, change) in here {
        if let Some((id, mode)) = change {
            builder.insert(name, id, mode)?;
        }
    }
    if builder.is_empty() {
        return Ok(None);
    }
    builder.write().map(Some)
}
