//! A directory that belongs to one user: what is in it is trusted, so nobody else may put anything there.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use thiserror::Error;

/// Why a directory is not private.
#[derive(Debug, Error)]
pub enum NotPrivate {
    /// It belongs to another user.
    #[error("it belongs to the user with the id {owner}")]
    Foreign {
        /// The user's id.
        owner: u32,
    },
    /// Others can write to it.
    #[error("other users can write to it (mode {mode:04o})")]
    Writable {
        /// Its permission bits.
        mode: u32,
    },
    /// It cannot be made or looked at.
    #[error(transparent)]
    System(#[from] io::Error),
}

/// Makes the directory with its parents, for its user alone, or makes sure that an existing one is the user's own and that
/// nobody else could have put anything there. Others may then not even look into it.
///
/// # Errors
/// [`NotPrivate`].
pub fn claim(path: &Path) -> Result<(), NotPrivate> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error.into()),
        _ => {}
    }
    let metadata = fs::metadata(path)?;
    if !metadata.is_dir() {
        return Err(io::Error::from(io::ErrorKind::NotADirectory).into());
    }
    let (owner, mode) = (metadata.uid(), metadata.mode() & 0o7777);
    if owner != rustix::process::geteuid().as_raw() {
        return Err(NotPrivate::Foreign { owner });
    }
    if mode & 0o022 != 0 {
        return Err(NotPrivate::Writable { mode });
    }
    if mode != 0o700 {
        fs::set_permissions(path, Permissions::from_mode(0o700))?;
    }
    Ok(())
}
