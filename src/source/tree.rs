//! Reads files of a tree.

use std::collections::BTreeMap;

use git2::build::TreeUpdateBuilder;
use git2::{ErrorCode, FileMode, ObjectType, Oid, Repository, TreeEntry};

use super::error::SourceError;
use super::extent::Excess;
use super::handles::Handle;
use super::store::Store;

/// Largest file that is read here, in bytes: recipes ask for makefiles and lists of versions, and patches change code.
const LARGEST_READ: u64 = 64 << 20;

/// The files of a commit or of a patched tree, read from the store's objects.
pub struct Tree {
    repository: Handle,
    id: Oid,
}

/// A file of a tree.
pub(super) struct File {
    pub(super) mode: FileMode,
    pub(super) content: Vec<u8>,
}

impl Store {
    /// Opens a tree by its id (40 hexadecimal digits).
    ///
    /// # Errors
    /// [`SourceError::TreeRead`] if the store does not have it.
    pub fn tree(&self, tree_id: &str) -> Result<Tree, SourceError> {
        let repository = self.repository()?;
        let id = tree_oid(&repository, tree_id)?;
        Ok(Tree { repository, id })
    }
}

impl Tree {
    /// The content of the file at `path`, with slashes, from the root; `None` if there is no such file or it is a directory.
    /// For a symbolic link it is the link's target: links are not followed.
    ///
    /// # Errors
    /// [`SourceError::EntryRead`] if the store's objects cannot be read.
    pub fn read(&self, path: &str) -> Result<Option<Vec<u8>>, SourceError> {
        Ok(self.file(path)?.map(|file| file.content))
    }

    /// The same with the mode.
    pub(super) fn file(&self, path: &str) -> Result<Option<File>, SourceError> {
        let entry = self.entry(path)?;
        let Some(entry) = entry.filter(|entry| entry.kind() == Some(ObjectType::Blob)) else {
            return Ok(None);
        };
        let size = self
            .repository
            .odb()
            .and_then(|objects| objects.read_header(entry.id()));
        let (size, _) = size.map_err(|source| self.unreadable(path, source))?;
        let (size, limit) = (size as u64, LARGEST_READ);
        if size > limit {
            return Err(SourceError::TreeExcess {
                tree: self.id.to_string(),
                source: Excess::File { size, limit },
            });
        }
        let blob = self.repository.find_blob(entry.id());
        let blob = blob.map_err(|source| self.unreadable(path, source))?;
        let modes = [FileMode::BlobExecutable, FileMode::Link];
        let mode = modes
            .into_iter()
            .find(|mode| i32::from(*mode) == entry.filemode());
        Ok(Some(File {
            mode: mode.unwrap_or(FileMode::Blob),
            content: blob.content().to_vec(),
        }))
    }

    /// Writes this tree with the new contents of `files`, and returns its id.
    pub(super) fn with(&self, files: BTreeMap<String, File>) -> Result<String, git2::Error> {
        let mut update = TreeUpdateBuilder::new();
        for (path, file) in files {
            let blob = self.repository.blob(&file.content)?;
            update.upsert(path, blob, file.mode);
        }
        let base = self.repository.find_tree(self.id)?;
        let id = update.create_updated(&self.repository, &base)?;
        Ok(id.to_string())
    }

    /// Whether there is a file, a directory or a link at `path`.
    ///
    /// # Errors
    /// [`SourceError::EntryRead`] if the store's objects cannot be read.
    pub fn exists(&self, path: &str) -> Result<bool, SourceError> {
        Ok(self.entry(path)?.is_some())
    }

    fn entry(&self, path: &str) -> Result<Option<TreeEntry<'static>>, SourceError> {
        let parts = parts(path);
        if parts.is_empty() || parts.contains(&"..") {
            return Ok(None);
        }
        let found = self
            .repository
            .find_tree(self.id)
            .and_then(|tree| tree.get_path(parts.join("/").as_ref()));
        match found {
            Ok(entry) => Ok(Some(entry)),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(source) => Err(self.unreadable(path, source)),
        }
    }

    fn unreadable(&self, path: &str, source: git2::Error) -> SourceError {
        SourceError::EntryRead {
            path: path.to_owned(),
            tree: self.id.to_string(),
            source,
        }
    }
}

/// The id of an existing tree.
pub(super) fn tree_oid(repository: &Repository, tree_id: &str) -> Result<Oid, SourceError> {
    Oid::from_str(tree_id)
        .and_then(|id| repository.find_tree(id).map(|tree| tree.id()))
        .map_err(|source| SourceError::TreeRead {
            tree: tree_id.to_owned(),
            source,
        })
}

fn parts(path: &str) -> Vec<&str> {
    path.split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect()
}
