//! Joins names that others wrote to a directory of this machine.

use std::io;
use std::path::{Component, Path, PathBuf};

/// The path of `name` below `folder`: a file name, or a relative path of them. Nothing that comes out of it is outside, as far
/// as names decide that: a symbolic link may still lead elsewhere.
///
/// # Errors
/// [`io::ErrorKind::InvalidInput`] for a name that is empty, absolute, or leads up, also in between.
pub fn inside(folder: &Path, name: impl AsRef<Path>) -> io::Result<PathBuf> {
    let name = name.as_ref();
    let mut components = name.components().peekable();
    let is_something = components.peek().is_some();
    let stays = components.all(|component| matches!(component, Component::Normal(_)));
    if is_something && stays && !name.as_os_str().as_encoded_bytes().contains(&0) {
        return Ok(folder.join(name));
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("the name {} leads out of its directory", name.display()),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_below_their_directory() {
        let folder = Path::new("/a");
        for name in ["b", "b/c", "b/./c", "...", "..b", "b/", "b..c"] {
            let path = inside(folder, name).expect(name);
            assert!(path.starts_with("/a/") && path != folder, "{path:?}");
        }
        for name in [
            "", ".", "./b", "..", "../b", "b/..", "b/../c", "/", "/b", "//b", "b\0c",
        ] {
            let error = inside(folder, name).expect_err(name);
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{name:?}");
        }
    }
}
