//! Runs that are killed, that meet, and that have no room.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::place::ReleasePlace;
use crate::scripted::place::platform;
use crate::support::build_place::WAIT;
use crate::support::running::until_one_waits;

const THREE: &str = "
defaults: {options: {source: ['{url}'], unpinned: true}}
targets: [{recipe: '{first}', versions: [v1.0.0-rc4, v1.0.0-rc9, v1.0.0-rc10]}]
";

#[test]
fn a_release_that_was_killed_goes_on_where_it_was() {
    let place = ReleasePlace::new(
        "killed",
        &format!("if grep -q rc10 VERSION; then {WAIT}; fi; cp /bin/true out"),
    );
    place.write(THREE);
    let run = place.start(&["--jobs", "1"]);
    run.until_says(&format!("v1.0.0-rc10/{}: step script", platform()));
    run.kill();
    let again = place.start(&[]);
    again.until_says(&format!("v1.0.0-rc10/{}: step script", platform()));
    place.build.let_go();
    let again = again.finish().code(0);
    assert_eq!(
        again.stderr.matches(": unchanged in").count(),
        2,
        "{again:?}"
    );
    assert_eq!(again.stderr.matches(": built in").count(), 1, "{again:?}");
    place.build.assert_nothing_is_left();
}

#[test]
fn two_releases_at_once_build_each_target_once() {
    // The first of the targets waits until it was met.
    let script = format!("if grep -q rc4 VERSION; then {WAIT}; fi; cp /bin/true out");
    let place = ReleasePlace::new("two", &script);
    place.write(THREE);
    let mut runs = ["a", "b"].map(|output| place.start(&["--jobs", "2", "--output", output]));
    until_one_waits(&mut runs);
    place.build.let_go();
    let ended = runs.map(|run| run.finish().code(0));
    let count = |text: &str| -> usize {
        ended
            .iter()
            .map(|run| run.stderr.matches(text).count())
            .sum()
    };
    assert_eq!(count(": built in"), 3, "{ended:?}");
    assert_eq!(count(": taken from the cache in"), 3, "{ended:?}");
    place.build.assert_nothing_is_left();
}

#[test]
fn a_damaged_entry_of_the_cache_is_built_again() {
    let place = ReleasePlace::new("corrupt", "cp /bin/true out");
    place.write(THREE);
    place.release(&[]).code(0);
    let results = place.build.place.path().join("cache/results");
    let entry = fs::read_dir(&results)
        .expect("the cache")
        .flatten()
        .next()
        .expect("an entry");
    let out = entry.path().join("out");
    fs::remove_file(&out).expect("removed");
    fs::write(&out, "damaged").expect("written");
    let again = place.release(&["--output", "again"]).code(0);
    assert_eq!(again.stderr.matches(": built in").count(), 1, "{again:?}");
    again
        .says("the cached result is corrupt; removed it and rebuilding")
        .says("out: 7 bytes instead of");
}

/// A small file system, until dropped.
struct Small(PathBuf);

impl Small {
    fn mount(folder: &Path, options: &str) -> Self {
        fs::create_dir_all(folder).expect("a folder to mount on");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "kmembuild-test"])
            .arg(folder)
            .status();
        assert!(
            mounted.expect("mount starts").success(),
            "these tests need root"
        );
        Self(folder.to_owned())
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_cache_costs_the_cache_and_not_the_release() {
    let place = ReleasePlace::new(
        "full",
        "dd if=/dev/urandom of=more bs=1M count=4; cat /bin/true more >out",
    );
    place.write(THREE);
    let results = place.build.place.path().join("cache/results");
    let _small = Small::mount(&results, "size=2m");
    let done = place.release(&[]).code(0);
    assert_eq!(done.stderr.matches(": built in").count(), 3, "{done:?}");
    done.says("warning: could not cache the result")
        .says("No space left on device");
    let left = fs::read_dir(&results).expect("the cache").count();
    assert_eq!(left, 0, "nothing half-made stays");
    place.build.assert_nothing_is_left();
}

#[test]
fn a_read_only_output_is_named_for_every_target() {
    let place = ReleasePlace::new("read-only-release", "cp /bin/true out");
    place.write(THREE);
    let _small = Small::mount(&place.build.place.path().join("dist"), "ro,size=1m");
    let done = place.release(&[]).code(15);
    assert_eq!(done.stderr.matches("FAILED after").count(), 3, "{done:?}");
    done.says("Read-only file system");
    place.build.assert_nothing_is_left();
}
