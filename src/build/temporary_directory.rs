//! The directory for temporary files.

use super::error::BuildError;

/// Makes sure that there is a directory for temporary files and that they can be made in it, before anything is started that
/// needs one: the check of a program by running it, mmdebstrap, and a reproduction.
///
/// # Errors
/// [`BuildError::TemporaryDirectory`].
pub fn check_temporary_directory() -> Result<(), BuildError> {
    let path = std::env::temp_dir();
    match tempfile::tempfile_in(&path) {
        Ok(_) => Ok(()),
        Err(source) => Err(BuildError::TemporaryDirectory { path, source }),
    }
}
