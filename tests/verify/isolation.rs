//! Programs of others are run with the rights of their owners, apart from the machine, and leave nothing behind.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::thread;

use kmembuild::verify::{VERSION_TIMEOUT, VersionRun, run_version};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::geteuid;

use crate::support::preflight::installed;

/// The id of no user of the machine.
const STRANGER: u32 = 54_321;

/// Says who it is and what it reaches, and leaves a process in a session of its own that holds the pipe beside it and writes
/// to it when it has lived for a minute.
const PROGRAM: &str = r#"
#include <fcntl.h>
#include <grp.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
int main(int count, char **words) {
    char pipe[4096];
    snprintf(pipe, sizeof pipe, "%s.pipe", words[0]);
    struct ifaddrs *all = 0;
    int reached = 0;
    getifaddrs(&all);
    for (struct ifaddrs *one = all; one; one = one->ifa_next)
        if ((one->ifa_flags & IFF_UP) && !(one->ifa_flags & IFF_LOOPBACK)) reached++;
    int kept = open(pipe, O_WRONLY);
    if (fork() == 0) {
        setsid();
        if (fork() == 0) {
            int none = open("/dev/null", O_RDWR);
            dup2(none, 0), dup2(none, 1), dup2(none, 2);
            sleep(60);
            write(kept, "alive", 5);
        }
        return 0;
    }
    printf("user %d group %d groups %d interfaces %d\n", geteuid(), getegid(), getgroups(0, 0), reached);
    return 0;
}
"#;

struct Place {
    directory: tempfile::TempDir,
    program: PathBuf,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let program = directory
            .path()
            .canonicalize()
            .expect("a path")
            .join("program");
        let source = directory.path().join("program.c");
        fs::write(&source, PROGRAM).expect("written");
        let compiled = installed("cc")
            .arg("-static")
            .arg("-o")
            .args([&program, &source])
            .status();
        assert!(compiled.expect("a C compiler").success());
        let pipe = directory.path().join("program.pipe");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::from_raw_mode(0o666), 0).expect("a pipe");
        set_mode(&pipe, 0o666);
        set_mode(directory.path(), 0o755);
        Self { directory, program }
    }

    /// Runs the program and returns what came of it, and what was written to its pipe until nobody had it open any more.
    fn run(&self) -> (VersionRun, String) {
        let pipe = self.directory.path().join("program.pipe");
        let reader = thread::spawn(move || {
            let mut text = String::new();
            let mut pipe = File::open(pipe).expect("the pipe");
            pipe.read_to_string(&mut text).expect("what is written");
            text
        });
        let run = run_version(&self.program, &["--version".to_owned()], VERSION_TIMEOUT);
        // Where the program was not run, nobody else opens the pipe.
        if matches!(run, VersionRun::NotRun { .. }) {
            let pipe = self.directory.path().join("program.pipe");
            drop(File::options().write(true).open(pipe).expect("the pipe"));
        }
        (run, reader.join().expect("the reader"))
    }

    fn refused(&self) -> String {
        match self.run().0 {
            VersionRun::NotRun { reason } => reason,
            run => panic!("it was run: {run:?}"),
        }
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
}

fn said(run: VersionRun) -> String {
    match run {
        VersionRun::Ran { output, .. } => output,
        run => panic!("it did not run to its end: {run:?}"),
    }
}

#[test]
fn what_a_program_started_ends_with_it_and_it_reaches_no_network() {
    let place = Place::new();
    let (run, left) = place.run();
    assert!(said(run).ends_with("interfaces 0\n"));
    assert_eq!(left, "", "a process lived on");
}

#[test]
fn root_runs_what_belongs_to_somebody_as_that_user() {
    let place = Place::new();
    if !geteuid().is_root() {
        // Another user has nothing that belongs to others, but can try what belongs to root.
        let run = run_version(Path::new("/bin/true"), &[], VERSION_TIMEOUT);
        assert!(matches!(run, VersionRun::Ran { .. }), "{run:?}");
        return;
    }
    for path in [&place.program, place.directory.path()] {
        chown(path, Some(STRANGER), Some(0)).expect("another owner");
    }
    let (run, left) = place.run();
    let said = said(run);
    assert!(
        said.starts_with(&format!("user {STRANGER} group 65534 groups 0 ")),
        "{said}"
    );
    assert_eq!(left, "", "a process lived on");

    // Its directory is another user's, who could have put anything there.
    chown(place.directory.path(), Some(STRANGER + 1), None).expect("another owner");
    let refused = place.refused();
    assert!(refused.starts_with("other users can change "), "{refused}");
    chown(&place.program, Some(0), None).expect("root's");
    let refused = place.refused();
    assert!(
        refused.contains("copy the program to a directory"),
        "{refused}"
    );
}

#[test]
fn what_everybody_can_change_is_not_run() {
    let place = Place::new();
    set_mode(&place.program, 0o777);
    assert!(place.refused().contains("other users can change"));
    set_mode(&place.program, 0o755);
    set_mode(place.directory.path(), 0o777);
    assert!(place.refused().contains("other users can change"));
    // As in /tmp, where nobody can replace what belongs to others.
    set_mode(place.directory.path(), 0o1777);
    said(place.run().0);
}
