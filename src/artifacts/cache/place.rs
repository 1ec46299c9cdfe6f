//! Copies a file without writing its bytes, if the file system supports that.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rustix::fs::ioctl_ficlone;

/// Makes `to`, which must not exist, from `from`: by reflink, hard link or copy, in this order.
///
/// # Errors
/// The system's error of the copy, the last attempt.
pub fn place_file(from: &Path, to: &Path) -> io::Result<()> {
    if reflink(from, to).is_ok() || fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    // Copies the permission bits as well.
    fs::copy(from, to).map(|_| ())
}

fn reflink(from: &Path, to: &Path) -> io::Result<()> {
    let source = File::open(from)?;
    let permissions = source.metadata()?.permissions();
    let target = File::options().write(true).create_new(true).open(to)?;
    let cloned = ioctl_ficlone(&target, &source)
        .map_err(io::Error::from)
        .and_then(|()| target.set_permissions(permissions));
    if cloned.is_err() {
        let _ = fs::remove_file(to);
    }
    cloned
}

#[cfg(test)]
mod tests {
    use super::place_file;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn content_and_permissions_go_along() {
        let folder = tempfile::tempdir().expect("a folder");
        let (from, to) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&from, "content").expect("written");
        fs::set_permissions(&from, Permissions::from_mode(0o751)).expect("set");
        place_file(&from, &to).expect("placed");
        assert_eq!(fs::read(&to).expect("read"), b"content");
        let mode = fs::metadata(&to).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o751);
    }

    #[test]
    fn between_file_systems_it_is_copied_and_nothing_is_replaced() {
        let here = tempfile::tempdir().expect("a folder");
        let there = tempfile::tempdir_in("/dev/shm").expect("another file system");
        let (from, to) = (here.path().join("a"), there.path().join("b"));
        fs::write(&from, "content").expect("written");
        place_file(&from, &to).expect("placed");
        assert_eq!(fs::read(&to).expect("read"), b"content");
    }
}
