//! The engine without root: in a user namespace with subordinate ids.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::Command;

use rustix::process::Signal;
use tar::EntryType;

use super::layers::layer;
use super::place::{Place, names};
use crate::support::command::Finished;
use crate::support::ordinary_user::{IDS, OrdinaryUser};
use crate::support::processes::lives;
use crate::support::small_image::small_root;

const SUCCESS: &str = "test -f main.c && touch /cached/objects/one && cp /bin/busybox tool";

/// Runs tests of this program as an ordinary user; all of them pass.
fn run_tests(words: &[&str], at_least: usize) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("tmp")).unwrap();
    let user = OrdinaryUser::of(folder.path());
    let own = std::env::current_exe().unwrap();
    let own = user.program(own.to_str().unwrap());
    let mut command: Command = user.command(IDS, own);
    let keeper = user.program(env!("CARGO_BIN_EXE_kmembuild"));
    command
        .args(words)
        .args(["--test-threads", "2"])
        .current_dir(folder.path())
        .env("TMPDIR", folder.path().join("tmp"))
        .env("KMEMBUILD_TEST_KEEPER", keeper);
    let run: Finished = command.output().unwrap().into();
    let passed = run.stdout.rsplit("test result: ok. ").next().unwrap();
    let passed = passed.split_whitespace().next().unwrap().parse::<usize>();
    assert!(
        run.code == Some(0) && passed.is_ok_and(|passed| passed >= at_least),
        "{}{}",
        run.stdout,
        run.stderr
    );
    // What they unpacked belongs to other users, and was removed all the same.
    assert_eq!(names(&folder.path().join("tmp")), [""; 0]);
}

/// Nothing limits what an ordinary user starts, where nobody has delegated a cgroup.
const NO_LIMITS: [&str; 2] = [
    "--skip",
    "memory_kills_are_told_for_the_command_they_happened_in",
];

#[test]
fn the_contract_is_kept_with_crun() {
    run_tests(&[&["runtime::with_crun::"], &NO_LIMITS[..]].concat(), 12);
}

#[test]
fn the_contract_is_kept_with_runc() {
    run_tests(&[&["runtime::with_runc::"], &NO_LIMITS[..]].concat(), 12);
}

#[test]
fn hostile_layers_touch_nothing_outside() {
    run_tests(&["runtime::hostile::"], 1);
}

#[test]
fn layers_are_checked() {
    let words = [
        "runtime::layers::compressed_layers_are_the_same",
        "runtime::layers::another_image_than_the_named_one_is_none",
        "runtime::repeated::cut_and_changed_layers_leave_nothing",
    ];
    run_tests(&words, 3);
}

#[test]
fn a_build_needs_neither_daemon_nor_root() {
    for runtime in ["crun", "runc"] {
        let place = Place::of_ordinary_user(runtime, SUCCESS);
        let words = ["--memory", "256MiB", "--require-no-network"];
        place
            .build(&words)
            .code(0)
            .says("nothing keeps the steps within the limits");
        let manifest = place.manifest();
        assert!(manifest["engine"].as_str().unwrap().starts_with(runtime));
        assert_eq!(manifest["not-enforced"], serde_json::json!(["limits"]));
        place
            .build(&["--memory", "256MiB", "--require-limits", "-o", "limited"])
            .code(12)
            .says("cannot limit memory and processors here");
        // Without a limit there is nothing that is not kept.
        place.build(&["-o", "unlimited"]).code(0);
        place.nothing_is_left();
        let result = place.path("dist");
        assert_eq!(fs::metadata(result).unwrap().uid(), 54_321);
        let all = ["clean", "--engine", "runtime", "--caches", "--images"];
        place.run(&all).code(0);
        for empty in ["images", "caches", "names"] {
            assert_eq!(names(&place.path("cache/runtime").join(empty)), [""; 0]);
        }
    }
}

#[test]
fn files_have_their_owners_within_and_the_users_own_ids_outside() {
    let script = "stat -c '%n %u:%g %a' /owned /owned/file /owned/su /owned/nobody; chown 1234:5 /owned/file; ls -ln /owned; cp /bin/busybox tool";
    let place = Place::of_ordinary_user("crun", script);
    let owned = layer(&[
        (EntryType::Directory, "owned", "", 0o750, 7),
        (EntryType::Regular, "owned/file", "text", 0o640, 7),
        (EntryType::Regular, "owned/su", "text", 0o4755, 0),
        (EntryType::Regular, "owned/nobody", "text", 0o644, 65_533),
    ]);
    place.image(&[small_root().into(), owned]);
    let built = place.build(&["-v"]).code(0);
    for line in [
        "/owned 7:8 750",
        "/owned/file 7:8 640",
        "/owned/su 0:1 4755",
        "/owned/nobody 65533:65534 644",
    ] {
        assert!(built.stderr.contains(line), "{line}: {built:?}");
    }
    place.nothing_is_left();
    let images = place.path("cache/runtime/images");
    let image = images.join(&names(&images)[0]);
    assert_eq!(fs::metadata(&image).unwrap().mode() & 0o777, 0o700);
    let ids_of = |name: &str| {
        let found = fs::metadata(image.join("root/owned").join(name)).unwrap();
        (found.uid(), found.gid())
    };
    assert_eq!(ids_of("file"), (1_000_000_006, 1_000_000_007));
    assert_eq!(ids_of("su"), (54_321, 1_000_000_000));
    // Nobody has an id for this one.
    let beyond = layer(&[(EntryType::Regular, "beyond", "text", 0o644, 70_000)]);
    place.image(&[small_root().into(), beyond]);
    place
        .build(&[])
        .code(12)
        .says("its owner 70000:70001 is none of the ids of this user's namespace");
    assert_eq!(names(&images).len(), 1);
    place.nothing_is_left();
}

#[test]
fn without_subordinate_ids_it_says_what_to_set() {
    let place = Place::of_ordinary_user("crun", SUCCESS);
    for (ids, found) in [("somebody:300000:65536", 0), ("builder:300000:1000", 1000)] {
        place
            .build_with(ids, &[])
            .code(12)
            .says(&format!(
                "user builder has {found} subordinate ids in /etc/subuid"
            ))
            .says("usermod --add-subuids ")
            .says(" builder; or run kmembuild as root");
    }
    // Ids that somebody has are not offered.
    place
        .build_with("somebody:300000:65536", &[])
        .says("--add-subuids 365536-431071");
}

#[test]
fn signals_and_a_kill_leave_nothing() {
    for (number, signal) in [Signal::INT, Signal::TERM, Signal::KILL]
        .into_iter()
        .enumerate()
    {
        let mark = format!("8{:07}{number}", std::process::id());
        let script = format!(
            "trap '' INT TERM; setsid sleep {mark} & echo star''ted; touch /root/x; sleep {mark}; sleep {mark}"
        );
        let place = Place::of_ordinary_user("crun", &script);
        let run = place.start(&["-v"]);
        run.until_says("started");
        assert!(lives(&mark));
        run.send(signal);
        let code = (signal != Signal::KILL).then_some(130);
        assert_eq!(run.finish().code, code);
        // The keeper notices by itself; nobody waits for it.
        while signal == Signal::KILL && lives(&mark) {
            std::thread::yield_now();
        }
        assert!(!lives(&mark));
        if signal == Signal::KILL {
            place.run(&["clean", "--runtime", "crun"]).code(0);
        }
        place.nothing_is_left();
    }
}

#[test]
fn a_kept_session_can_be_entered() {
    let place = Place::of_ordinary_user("crun", "echo half > tool; exit 4");
    let failed = place.build(&["--keep"]).code(14);
    let said = failed.says("kmembuild clean").stderr;
    let begin = said.find("enter the container with `").expect("a hint") + 26;
    let line = said[begin..].split('`').next().expect("a command");
    let line = line
        .replace("--tty ", "")
        .replace("/bin/sh", "cat /work/deep/src/tool");
    let entered = place.as_user(&["sh", "-c", &line]);
    assert_eq!(entered.stdout, "half\n", "{line}: {entered:?}");
    place.run(&["clean", "--runtime", "crun"]).code(0);
    place.nothing_is_left();
}
