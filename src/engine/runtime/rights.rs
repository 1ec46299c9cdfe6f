//! With whose rights the files of images and sessions are made and removed.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use super::digest::digest;
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

    /// Unpacks a layer over what is in a directory. Returns the size of its files in bytes.
    pub(super) fn unpack_layer(&self, archive: impl Read, root: &Path) -> Result<u64, UnpackError> {
        match self {
            Self::Root => {
                let tree = Tree::open(root).map_err(|source| UnpackError::Write {
                    name: ".".to_owned(),
                    source,
                })?;
                unpack(archive, &tree, Meaning::Layer)
            }
            Self::Mapped(namespace) => feed(namespace.command().arg(LAYER).arg(root), archive),
        }
    }

    /// The digest of everything below a directory.
    pub(super) fn digest(&self, root: &Path) -> io::Result<String> {
        match self {
            Self::Root => digest(root),
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
