//! What is left of a cluster, however the process that has it ends.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::cluster::{Place, until};
use crate::support::processes::{lives, living};

#[test]
fn nothing_is_left_of_a_place_that_is_dropped() {
    let place = Place::make();
    let folder = place.folder().display().to_string();
    // A mount, a process that holds on, one that lost its parent, an interface and control groups.
    let script = "mkdir $0/mount && mount -t tmpfs none $0/mount && mkdir -p /sys/fs/cgroup/memory/$1/deep/er
        (trap '' HUP INT TERM; exec setsid sleep 1234567 </dev/null >/dev/null 2>&1) &
        ip link add thing type bridge";
    place
        .hub
        .run("sh", &["-c", script, &folder, &place.control_group()]);
    assert!(lives("sleep 1234567"));
    let group = format!("/sys/fs/cgroup/memory/{}", place.control_group());
    let interface = format!("/sys/class/net/{}", place.control_group());
    assert!(fs::exists(&interface).expect("a path"));
    drop(place);
    for path in [&folder, &group, &interface] {
        assert!(!fs::exists(path).expect("a path"), "{path} is left");
    }
    assert!(!lives("sleep 1234567"));
    assert!(
        !fs::read_to_string("/proc/mounts")
            .expect("mounts")
            .contains(&folder)
    );
}

#[test]
fn nothing_is_left_of_a_place_whose_owner_is_killed() {
    // A shell has the place, as a process of the tests would: the watchdog's input is a pipe of its.
    let script = format!(
        "sleep 7654321 | {} {}",
        Place::watchdog(),
        Place::folder_of_all().display()
    );
    let mut owner = Command::new("setsid");
    owner
        .args(["--wait", "sh", "-c", &script])
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut owner = owner.spawn().expect("a shell starts");
    let mut line = String::new();
    let mut stdout = BufReader::new(owner.stdout.take().expect("stdout is piped"));
    stdout.read_line(&mut line).expect("a line of the watchdog");
    let (number, first) = line.trim().split_once(' ').expect("a number and a process");
    let folder = Place::folder_of_all().join(number);
    assert!(folder.exists() && fs::exists(format!("/proc/{first}")).expect("a path"));
    let living = living("sleep 7654321 ");
    let sleep = living
        .iter()
        .find_map(|line| line.strip_suffix(" sleep 7654321 "));
    let sleep = Pid::from_raw(sleep.expect("it sleeps").parse().expect("a number"));
    kill_process(sleep.expect("not 0"), Signal::KILL).expect("it is there");
    until("the watchdog has cleared the place", || !folder.exists());
    until("its processes are gone", || {
        !fs::exists(format!("/proc/{first}")).expect("a path")
    });
    owner.wait().expect("the shell ends");
}
