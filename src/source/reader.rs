//! Reads large trees with bounded memory.

use git2::{Blob, ObjectType, Oid, Repository};

use super::error::SourceError;
use super::store::Store;

/// How much is read through one handle of the store, in bytes.
const READ_THROUGH: usize = 16 << 20;

/// An entry of a directory in a tree.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    pub(super) id: Oid,
    pub(super) kind: Option<ObjectType>,
    pub(super) mode: i32,
}

/// Reads a large tree of a store through a sequence of handles.
///
/// As long as a handle is open, libgit2 keeps what it touches: the mapped parts of packs, the directories, and the objects
/// that others are stored as differences from. For a whole tree this exceeds the size of the pack.
pub(super) struct Reader<'a> {
    store: &'a Store,
    repository: Repository,
    read: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn open(store: &'a Store) -> Result<Self, SourceError> {
        Ok(Self {
            store,
            repository: store.fresh_repository()?,
            read: 0,
        })
    }

    /// The current handle.
    pub(super) fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The entries of a directory, in its order.
    pub(super) fn folder(&self, id: Oid) -> Result<Vec<Entry>, git2::Error> {
        let tree = self.repository.find_tree(id)?;
        let entries = tree.iter().map(|entry| Entry {
            name: entry.name_bytes().to_vec(),
            id: entry.id(),
            kind: entry.kind(),
            mode: entry.filemode(),
        });
        Ok(entries.collect())
    }

    /// A file, or a link whose content is its target.
    pub(super) fn file(&mut self, id: Oid) -> Result<Blob<'_>, git2::Error> {
        if self.read >= READ_THROUGH {
            // The new handle maps nothing until it is used, so closing the old one frees all maps.
            self.repository = Repository::open_bare(&self.store.folder)?;
            self.read = 0;
        }
        let file = self.repository.find_blob(id)?;
        self.read += file.size();
        Ok(file)
    }
}
