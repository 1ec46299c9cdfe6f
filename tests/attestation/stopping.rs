//! Reading a file that has no end for practical purposes stops at the first signal.

use std::fs::{self, File};
use std::path::Path;

use kmembuild::artifacts::MANIFEST;
use kmembuild::plan::canonical_json;
use rustix::process::Signal;

use super::release::Release;
use crate::support::running::Running;

/// Bytes of a file that is one hole: it takes no room, and hours to read.
const HOLE: u64 = 2 << 40;

fn hole(path: &Path) {
    let _ = fs::remove_file(path);
    let file = File::create(path).expect("a file");
    file.set_len(HOLE).expect("a file with a hole");
}

/// Sends the signal once the process has the file open, and waits for its end.
#[track_caller]
fn ends_while_it_reads(mut run: Running, path: &Path, signal: Signal) {
    let path = fs::canonicalize(path).expect("the file");
    let descriptors = format!("/proc/{}/fd", run.id());
    run.until(|| {
        let open = fs::read_dir(&descriptors).into_iter().flatten().flatten();
        open.flat_map(|one| fs::read_link(one.path()))
            .any(|to| to == path)
    });
    run.send(signal);
    let finished = run.finish().code(130).says("interrupted");
    assert_eq!(finished.stdout, "");
}

#[test]
fn every_command_that_reads_a_huge_file_ends_at_the_first_signal() {
    let release = Release::new();
    let workplace = &release.place.workplace;
    let file = workplace.path().join("runc");
    hole(&file);
    let binary = release.result.join("runc");
    let mut manifest = release.manifest();
    fs::rename(release.result.join("tool"), &binary).expect("renamed");
    "runc".clone_into(&mut manifest.files[0].name);
    manifest.files[0].size = HOLE;
    fs::write(release.result.join(MANIFEST), canonical_json(&manifest)).expect("written");
    hole(&binary);
    let result = release.result.to_str().expect("a path");
    for signal in [Signal::INT, Signal::TERM] {
        for (words, path) in [
            (&["verify", "runc"][..], &file),
            (&["verify", "dist"], &binary),
            (&["verify", result], &binary),
            (&["node-script", result], &binary),
            (&["reproduce", result], &binary),
        ] {
            ends_while_it_reads(workplace.start(words), path, signal);
        }
        let mut command = workplace.command(&["doctor", "--only", "leak"]);
        command.env("PATH", workplace.path());
        ends_while_it_reads(Running::start(&mut command), &file, signal);
    }
}
