//! However a build ends, nothing of it goes on, and nothing is left.

use std::fs;

use bytes::Bytes;
use rustix::process::Signal;

use super::place::{Place, names};
use crate::support::processes::lives;
use crate::support::small_image::{small_root, write_image};

const RUNTIMES: [&str; 2] = ["crun", "runc"];

/// A step that does what it can to outlive its build; its processes carry the mark.
pub fn stubborn(runtime: &'static str, mark: &str) -> Place {
    let script = format!(
        "trap '' INT TERM HUP; setsid sh -c 'trap \"\" INT TERM HUP; setsid sleep {mark} & sleep {mark} & wait' & echo star''ted; sleep {mark}; sleep {mark}"
    );
    Place::new(runtime, &script)
}

fn mark(number: u32) -> String {
    format!("9{:07}{number}", std::process::id())
}

#[test]
fn signals_stop_everything() {
    for runtime in RUNTIMES {
        for (number, signal) in [Signal::INT, Signal::TERM, Signal::HUP]
            .into_iter()
            .enumerate()
        {
            let mark = mark(u32::try_from(number).unwrap());
            let place = stubborn(runtime, &mark);
            let run = place.start(&["-v"]);
            run.until_says("started");
            assert!(lives(&mark));
            run.send(signal);
            run.finish().code(130);
            assert!(!lives(&mark));
            place.nothing_is_left();
        }
    }
}

#[test]
fn a_time_limit_stops_everything() {
    for runtime in RUNTIMES {
        let mark = mark(7);
        let place = stubborn(runtime, &mark);
        place
            .build(&["--timeout", "1s"])
            .code(14)
            .says("time limit");
        assert!(!lives(&mark));
        place.nothing_is_left();
    }
}

#[test]
fn a_killed_build_stops_too_and_the_next_one_cleans_up() {
    for runtime in RUNTIMES {
        let mark = mark(8);
        let place = stubborn(runtime, &mark);
        let run = place.start(&["-v"]);
        run.until_says("started");
        run.send(Signal::KILL);
        assert_eq!(run.finish().code, None);
        // The keeper notices by itself; nobody waits for it.
        while lives(&mark) || lives(&place.path("cache/runtime").display().to_string()) {
            std::thread::yield_now();
        }
        place.nothing_goes_on();
        assert_eq!(names(&place.path("cache/runtime/sessions")).len(), 1);
        place.build(&["--timeout", "1s"]).code(14);
        assert!(!lives(&mark));
        place.nothing_is_left();
    }
}

#[test]
fn a_build_whose_keeper_is_killed_too_is_cleaned_up() {
    let mark = mark(9);
    let place = stubborn("runc", &mark);
    let run = place.start(&["-v"]);
    run.until_says("started");
    let session = place.path("cache/runtime/sessions").display().to_string();
    let keepers = process_of(&session);
    run.send(Signal::KILL);
    for keeper in keepers {
        let keeper = rustix::process::Pid::from_raw(keeper).unwrap();
        let _ = rustix::process::kill_process(keeper, Signal::KILL);
    }
    assert_eq!(run.finish().code, None);
    place.workplace.run(&["clean", "--runtime", "runc"]).code(0);
    while lives(&mark) {
        std::thread::yield_now();
    }
    place.nothing_is_left();
}

/// Processes whose command line has nothing but a keeper's name and a directory below `place`.
fn process_of(place: &str) -> Vec<i32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|process| {
            let line = fs::read(process.path().join("cmdline")).ok()?;
            let line = String::from_utf8_lossy(&line).into_owned();
            let is_keeper = line.starts_with(kmembuild::engine::KEEPER) && line.contains(place);
            let id = process.file_name().to_string_lossy().parse().ok()?;
            is_keeper.then_some(id)
        })
        .collect()
}

#[test]
fn a_step_at_its_memory_limit_is_told_and_nothing_is_left() {
    for runtime in RUNTIMES {
        let place = Place::new(runtime, "tail /dev/zero");
        place
            .build(&["--memory", "64MiB"])
            .code(14)
            .says("memory")
            .says("raise --memory");
        place.nothing_is_left();
    }
}

#[test]
fn a_killed_unpacking_leaves_nothing_that_looks_whole() {
    let place = Place::new("runc", "cp /bin/busybox tool");
    // It is never whole: unpacking waits for more.
    let pipe = place.path("pipe.tar");
    fs::remove_file(place.path("image.tar")).unwrap();
    let layer = large_layer();
    write_image(&place.path("image.tar"), &[layer], None);
    let run = place.start(&["-v"]);
    let images = place.path("cache/runtime/images");
    while names(&images).is_empty() {
        std::thread::yield_now();
    }
    run.send(Signal::KILL);
    assert_eq!(run.finish().code, None);
    let left = names(&images);
    assert!(
        left.iter().all(|name| name.starts_with(".partial-")),
        "{left:?}"
    );
    assert!(!pipe.exists());
    place.workplace.run(&["clean", "--runtime", "runc"]).code(0);
    assert_eq!(names(&images), [""; 0]);
    place.nothing_is_left();
}

/// A layer that takes a moment to unpack.
fn large_layer() -> Bytes {
    let mut archive = tar::Builder::new(Vec::new());
    for number in 0..60_000 {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(0);
        archive
            .append_data(&mut header, format!("many/{number}"), io_empty())
            .unwrap();
    }
    archive.into_inner().unwrap().into()
}

fn io_empty() -> std::io::Empty {
    std::io::empty()
}

#[test]
fn a_layer_that_is_cut_or_another_one_makes_no_image() {
    let place = Place::new("runc", "cp /bin/busybox tool");
    let whole = Bytes::from(small_root());
    let digest = format!("sha256:{}", kmembuild::checksum::sha256_hex(&whole));
    let other = format!("sha256:{}", "0".repeat(64));
    let archive = place.path("image.tar");
    for (layer, digest, reason) in [
        (
            whole.slice(..whole.len() / 2),
            digest.clone(),
            "could not read the archive",
        ),
        (
            whole.slice(..whole.len() - 512),
            digest,
            "does not match its digest",
        ),
        (whole, other, "does not match its digest"),
    ] {
        write_image(&archive, &[layer], Some(vec![digest]));
        place.build(&[]).code(12).says(reason);
        assert_eq!(names(&place.path("cache/runtime/images")), [""; 0]);
        place.nothing_is_left();
    }
}

#[test]
fn two_builds_at_once_do_not_disturb_each_other() {
    let place = Place::new("crun", "sleep 1; cp /bin/busybox tool");
    let one = place.start(&["-o", "one", "--no-cache"]);
    let two = place.start(&["-o", "two", "--no-cache"]);
    one.finish().code(0);
    two.finish().code(0);
    place.nothing_is_left();
}
