//! The directory that one user alone may write to.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::Path;

use kmembuild::file_lock::acquire;
use kmembuild::private_directory::{NotPrivate, claim};
use rustix::process::geteuid;

use crate::support::command::Workplace;
use crate::support::recorder::Recorder;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("there").permissions().mode() & 0o7777
}

#[test]
fn it_is_made_and_kept_for_its_user_alone() {
    let root = tempfile::tempdir().expect("a folder");
    let path = root.path().join("a/b/cache");
    claim(&path).expect("made");
    assert_eq!(mode(&path), 0o700);
    fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("set");
    claim(&path).expect("its user's own");
    assert_eq!(mode(&path), 0o700);
    for others in [0o775, 0o707, 0o1777] {
        fs::set_permissions(&path, Permissions::from_mode(others)).expect("set");
        let refused = claim(&path).expect_err("others can write to it");
        assert!(
            matches!(refused, NotPrivate::Writable { mode } if mode == others),
            "{refused:?}"
        );
        assert_eq!(mode(&path), others, "it is left as it is");
    }
    fs::write(root.path().join("file"), "").expect("written");
    claim(&root.path().join("file")).expect_err("it is not a directory");
    if geteuid().is_root() {
        let foreign = root.path().join("foreign");
        fs::create_dir(&foreign).expect("made");
        chown(&foreign, Some(1), None).expect("given away");
        let refused = claim(&foreign).expect_err("another user's");
        assert!(
            matches!(refused, NotPrivate::Foreign { owner: 1 }),
            "{refused:?}"
        );
    }
}

#[test]
fn a_build_does_not_use_a_cache_that_others_can_write_to() {
    let place = Workplace::new();
    let cache = place.path().join("cache");
    fs::create_dir_all(&cache).expect("made");
    fs::set_permissions(&cache, Permissions::from_mode(0o777)).expect("set");
    for words in [
        &["plan", "runc", "--tag", "v1.0.0-rc10", "--offline"][..],
        &["cache", "prune"],
        &["cache", "verify"],
    ] {
        place
            .run(words)
            .code(2)
            .says("other users can write to it (mode 0777)")
            .says("hint: set KMEMBUILD_CACHE_DIR to a directory of your own");
    }
    assert_eq!(fs::read_dir(&cache).expect("listed").count(), 0);
}

#[tokio::test]
async fn a_lock_is_not_written_through_a_link() {
    let root = tempfile::tempdir().expect("a folder");
    let precious = root.path().join("precious");
    fs::write(&precious, "as it was").expect("written");
    let lock = root.path().join("image.lock");
    symlink(&precious, &lock).expect("linked");
    let refused = acquire(&lock, "1", "waits", &Recorder::default()).await;
    refused.expect_err("it is a link");
    assert_eq!(fs::read_to_string(&precious).expect("read"), "as it was");
}
