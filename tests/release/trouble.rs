//! Runs that are killed, that meet, and that have no room.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};

use super::place::ReleasePlace;
use crate::support::command::finish;

const THREE: &str = "
defaults: {options: {source: ['{url}']}}
targets: [{recipe: '{first}', versions: [v1.0.0-rc4, v1.0.0-rc9, v1.0.0-rc10]}]
";

#[test]
fn a_release_that_was_killed_goes_on_where_it_was() {
    let place = ReleasePlace::new(
        "killed",
        "grep -q rc10 VERSION && sleep 20; cp /bin/true out",
    );
    place.write(THREE);
    let mut run = place.start(&["--jobs", "1"]);
    let mut lines = BufReader::new(run.stderr.take().expect("standard error is piped"));
    let mut line = String::new();
    while !line.contains("v1.0.0-rc10: step script") {
        line.clear();
        let read = lines
            .read_line(&mut line)
            .expect("standard error can be read");
        assert!(read > 0, "the run ended before its last step began");
    }
    kill_process(Pid::from_child(&run), Signal::KILL).expect("the signal is sent");
    assert_eq!(finish(run).code, None);
    let again = place.release(&[]).code(0);
    assert_eq!(
        again.stderr.matches(": there already in").count(),
        2,
        "{again:?}"
    );
    assert_eq!(again.stderr.matches(": built in").count(), 1, "{again:?}");
    place.build.assert_nothing_is_left();
}

#[test]
fn two_releases_at_once_build_each_target_once() {
    let place = ReleasePlace::new("two", "sleep 2; cp /bin/true out");
    place.write(THREE);
    let runs = ["a", "b"].map(|output| place.start(&["--jobs", "2", "--output", output]));
    let ended = runs.map(|run| finish(run).code(0));
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
        .says("the result in the cache is damaged and removed")
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
    done.says("warning: the result could not be kept in the cache")
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
