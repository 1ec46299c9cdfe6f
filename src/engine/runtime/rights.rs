//! With whose rights the files of images and sessions are made and removed.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use super::digest::{Written, digest};
use super::jobs::{ask, ask_for_digest, feed};
use super::namespace::UserNamespace;
use super::tree::Tree;
use super::unpack::{Meaning, UnpackError, unpack};
use super::words::{DIGEST, LAYER, REMOVE};

/// Who may give files any owner.
#[derive(Debug, Clone)]
pub(super) enum Rights {
    /// This process, which is root's.
    Root,
    /// Processes in a namespace of this user.
    Mapped(UserNamespace),
}

impl Rights {
    /// The namespace of an ordinary user.
    pub(super) fn namespace(&self) -> Option<&UserNamespace> {
        match self {
            Self::Root => None,
            Self::Mapped(namespace) => Some(namespace),
        }
    }

    /// Unpacks a layer over what is in a directory. Returns the size of its files in bytes, and notes those `written` where this
    /// process writes them.
    pub(super) fn unpack_layer(
        &self,
        archive: impl Read,
        root: &Path,
        written: &mut Written,
    ) -> Result<u64, UnpackError> {
        match self {
            Self::Root => {
                let tree = Tree::open(root).map_err(|source| UnpackError::Write {
                    name: ".".to_owned(),
                    source,
                })?;
                unpack(archive, &tree, Meaning::Layer(written))
            }
            Self::Mapped(namespace) => feed(namespace.command().arg(LAYER).arg(root), archive),
        }
    }

    /// The digest of everything below a directory, with what is known of files that this process has `written`.
    pub(super) fn digest(&self, root: &Path, written: &Written) -> io::Result<String> {
        match self {
            Self::Root => digest(root, written),
            Self::Mapped(namespace) => ask_for_digest(namespace.command().arg(DIGEST).arg(root)),
        }
    }

    /// Removes a directory with everything in it. Not there is success.
    pub(super) fn remove(&self, directory: &Path) -> io::Result<()> {
        match self {
            Self::Root => match fs::remove_dir_all(directory) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                removed => removed,
            },
            Self::Mapped(_) if !directory.exists() => Ok(()),
            Self::Mapped(namespace) => ask(namespace.command().arg(REMOVE).arg(directory)),
        }
    }
}
