//! Files that are put in a second place.

use kmembuild::artifacts::cache::place_file;
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
