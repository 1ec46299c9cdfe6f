//! Files that are put in a second place.

use kmembuild::artifacts::cache::place_file;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

#[test]
fn the_content_goes_along_and_the_permissions_are_those_that_are_meant() {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, to) = (folder.path().join("a"), folder.path().join("b"));
    fs::write(&from, "content").expect("written");
    fs::set_permissions(&from, Permissions::from_mode(0o6777)).expect("set");
    place_file(&from, &to, 0o755).expect("placed");
    assert_eq!(fs::read(&to).expect("read"), b"content");
    let mode = fs::metadata(&to).expect("there").permissions().mode();
    assert_eq!(mode & 0o7777, 0o755);
}

#[test]
fn between_file_systems_it_is_copied_and_nothing_is_replaced() {
    let here = tempfile::tempdir().expect("a folder");
    let there = tempfile::tempdir_in("/dev/shm").expect("another file system");
    let (from, to) = (here.path().join("a"), there.path().join("b"));
    fs::write(&from, "content").expect("written");
    place_file(&from, &to, 0o644).expect("placed");
    assert_eq!(fs::read(&to).expect("read"), b"content");
    let again = place_file(&from, &to, 0o644).expect_err("it is there");
    assert_eq!(again.kind(), std::io::ErrorKind::AlreadyExists);
    // Neither a link nor what never ends is stored.
    let link = here.path().join("link");
    std::os::unix::fs::symlink("/dev/zero", &link).expect("linked");
    place_file(&link, &here.path().join("c"), 0o644).expect_err("it is not a file");
}
