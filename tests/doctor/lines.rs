//! What the doctor makes of what it has read of engines, places and clocks.

use std::io;
use std::path::Path;
use std::slice;

use kmembuild::engine::Setup;
use kmembuild::host::doctor::{
    Answer, Level, Line, Need, Place, PlaceKind, Probe, ProbeError, Purpose, Target,
    judge_bootstrap, judge_clock, judge_places, judge_room,
};
use kmembuild::library::Library;
use kmembuild::recipe::{ImageWay, Recipe};

use super::setup::reading;

const UPSTREAM: Purpose = Purpose::Image(ImageWay::Upstream);
const DEBIAN: Purpose = Purpose::Image(ImageWay::Debian);

/// A place with purposes of one recipe, whose default is upstream's image.
fn place(name: &str, kind: PlaceKind, purposes: &[Purpose]) -> Place {
    let need = |purpose: &Purpose| Need {
        recipe: "runc".to_owned(),
        purpose: *purpose,
        is_default: matches!(*purpose, Purpose::Source | UPSTREAM),
        way_around: (*purpose == UPSTREAM).then(|| "there is another way".to_owned()),
    };
    Place {
        name: name.to_owned(),
        kind,
        target: Target::Unusable(String::new()),
        needs: purposes.iter().map(need).collect(),
    }
}

fn probe(outcome: Result<Answer, ProbeError>, milliseconds: u64) -> Probe {
    Probe {
        outcome,
        milliseconds,
        proxy: None,
        redirect: None,
    }
}

fn answered(status: u16, milliseconds: u64) -> Probe {
    let ahead = None;
    probe(Ok(Answer::Http { status, ahead }), milliseconds)
}

fn dead() -> Probe {
    let refused = ProbeError::Connect {
        host: "a".to_owned(),
        port: 1,
        source: io::ErrorKind::ConnectionRefused.into(),
    };
    probe(Err(refused), 3)
}

fn levels(lines: &[Line]) -> Vec<Level> {
    lines.iter().map(|line| line.level).collect()
}

fn remedy(line: &Line) -> &str {
    line.remedy.as_deref().unwrap_or_default()
}

#[test]
fn a_dead_place_is_a_failure_only_without_another() {
    let source = |name| place(name, PlaceKind::Source, &[Purpose::Source]);
    let registry = place("hub", PlaceKind::Registry, &[UPSTREAM]);
    let both = [source("a"), source("b"), registry];
    let lines = judge_places(&both, &[dead(), answered(200, 5), dead()], false, &[]);
    assert_eq!(levels(&lines), [Level::Warn, Level::Ok, Level::Fail]);
    assert!(
        remedy(&lines[2]).contains("image of runc not available anywhere: use --mirror"),
        "{lines:?}"
    );
    assert_eq!(lines[1].found, "answers 200, 5 ms");
}

#[test]
fn debians_archive_is_another_way_that_nothing_falls_back_to() {
    let both = [
        place("hub", PlaceKind::Registry, &[UPSTREAM]),
        place("debian", PlaceKind::Debian, &[DEBIAN]),
    ];
    let lines = judge_places(&both, &[dead(), answered(200, 2_500)], true, &[]);
    assert_eq!(
        levels(&lines),
        [Level::Fail, Level::Warn],
        "slow: {lines:?}"
    );
    let hub = &lines[0];
    assert!(remedy(hub).ends_with("; there is another way"), "{hub:?}");
    assert!(hub.found.contains("checked from this machine"), "{lines:?}");
    assert!(
        !lines[1].found.contains("checked from this machine"),
        "{lines:?}"
    );
    // Debian's archive is needed only for `--image debian`.
    let lines = judge_places(&both, &[answered(200, 5), dead()], false, &[]);
    assert_eq!(levels(&lines), [Level::Ok, Level::Warn]);
    let text = "image of runc for `--image debian` not available anywhere: use --debian-mirror";
    assert!(remedy(&lines[1]).contains(text), "{lines:?}");
}

#[test]
fn a_registry_of_clients_alone_does_not_stand_in_for_one_of_images() {
    let both = [
        place("images", PlaceKind::Registry, &[UPSTREAM, Purpose::Client]),
        place("clients", PlaceKind::Registry, &[Purpose::Client]),
    ];
    let lines = judge_places(&both, &[dead(), answered(200, 5)], false, &[]);
    assert_eq!(levels(&lines), [Level::Fail, Level::Ok]);
    let lines = judge_places(&both, &[answered(200, 5), dead()], false, &[]);
    assert_eq!(levels(&lines), [Level::Ok, Level::Warn]);
    let lines = judge_places(&both[1..], &[dead()], false, &[]);
    assert_eq!(levels(&lines), [Level::Warn]);
    assert!(remedy(&lines[0]).contains("`--via run-sh`"), "{lines:?}");
}

#[test]
fn a_mirror_of_the_engines_is_asked_before_docker_hub() {
    let both = [
        place("docker.io", PlaceKind::Registry, &[UPSTREAM]),
        place("other", PlaceKind::Registry, &[UPSTREAM]),
    ];
    let mirrors = ["https://mirror.example.com/".to_owned()];
    let lines = judge_places(&both, &[dead(), dead()], false, &mirrors);
    assert_eq!(levels(&lines), [Level::Warn, Level::Warn]);
    let text = "the engine asks its mirror https://mirror.example.com/ first";
    assert!(remedy(&lines[0]).starts_with(text), "{lines:?}");
}

#[test]
fn a_place_that_could_not_be_asked_is_neither_good_nor_bad() {
    let both = [
        place("a", PlaceKind::Registry, &[UPSTREAM]),
        place("b", PlaceKind::Registry, &[UPSTREAM]),
    ];
    let hidden = probe(Err(ProbeError::HiddenPassword), 0);
    let lines = judge_places(&both, &[hidden, dead()], false, &[]);
    assert_eq!(levels(&lines), [Level::Warn, Level::Warn]);
    assert_eq!(
        lines[0].found,
        "not asked: the engine does not reveal its proxy's password"
    );
    let mut socks = probe(Ok(Answer::Connected), 4);
    socks.proxy = Some("socks5://p".to_owned());
    let lines = judge_places(&both[..1], &[socks], false, &[]);
    assert_eq!(
        lines[0].found,
        "the proxy socks5://p accepts connections, 4 ms; no request was sent through SOCKS"
    );
}

#[test]
fn an_answer_has_to_be_that_of_such_a_place() {
    for (kind, good, bad) in [
        (PlaceKind::Source, &[200][..], &[401, 404, 407, 500][..]),
        (PlaceKind::Registry, &[200, 401], &[403, 404, 407, 503]),
        (PlaceKind::Debian, &[200], &[404, 407, 500]),
    ] {
        // Nothing else has what it is needed for.
        let place = place("a", kind, &[UPSTREAM]);
        let level = |status| {
            levels(&judge_places(
                slice::from_ref(&place),
                &[answered(status, 5)],
                false,
                &[],
            ))
        };
        for status in good {
            assert_eq!(level(*status), [Level::Ok], "{kind:?} {status}");
        }
        for status in bad {
            assert_eq!(level(*status), [Level::Fail], "{kind:?} {status}");
        }
    }
}

const GIB: u64 = 1 << 30;

/// The kubelet, which needs 4 GiB of memory and 8 GiB of disk, and runc, which needs 1 GiB of memory; both build in
/// Debian on request only.
fn recipes() -> [Recipe; 2] {
    ["kubelet", "runc"].map(recipe)
}

fn recipe(name: &str) -> Recipe {
    let loaded = Library::new(Vec::new()).load(name).expect("a recipe");
    loaded.recipe.clone()
}

fn room(memory: u64, free: Option<u64>) -> Vec<(Level, Option<String>)> {
    let setup = Setup {
        memory: Some(memory),
        ..Setup::default()
    };
    let reading = reading("1.41", setup, free);
    let lines = judge_room(&reading, &recipes());
    lines
        .into_iter()
        .map(|line| (line.level, line.remedy))
        .collect()
}

#[test]
fn too_little_is_told_by_recipe() {
    let enough = room(4 * GIB - GIB / 8, Some(9 * GIB));
    assert_eq!(enough, [(Level::Ok, None), (Level::Ok, None)]);
    let some = room(2 * GIB, Some(GIB));
    assert_eq!(some[0].0, Level::Warn);
    let remedy = some[0].1.as_deref().unwrap();
    assert!(remedy.starts_with("not enough for kubelet:"), "{remedy}");
    assert!(remedy.contains("--low-memory"), "{remedy}");
    assert_eq!(some[1].0, Level::Warn);
    assert_eq!(room(GIB / 2, None)[0].0, Level::Fail);
    assert_eq!(room(GIB / 2, None)[1].0, Level::Warn);
}

#[test]
fn a_clock_is_judged_by_the_middle_of_the_others() {
    assert_eq!(judge_clock(&[]).level, Level::Warn);
    assert_eq!(judge_clock(&[1]).level, Level::Ok);
    assert_eq!(judge_clock(&[-3, 0, 900_000]).level, Level::Ok);
    let behind = judge_clock(&[-600, -601, 5]);
    assert_eq!(behind.level, Level::Warn);
    assert_eq!(behind.found, "10m behind 3 servers");
    // Of two, nobody knows which one is wrong.
    assert_eq!(judge_clock(&[900_000, 2]).level, Level::Ok);
    assert_eq!(judge_clock(&[-900_000, -2]).level, Level::Ok);
    assert_eq!(
        judge_clock(&[-9, 600, 700, 800]).found,
        "10m ahead of 4 servers"
    );
    let ahead = judge_clock(&[90_000]);
    assert_eq!(ahead.level, Level::Fail);
    assert_eq!(ahead.found, "1day 1h ahead of 1 server");
}

#[test]
fn it_is_needed_where_a_recipe_builds_in_debian() {
    assert_eq!(judge_bootstrap(&[], None, false), None);
    let level = |name: &str, program| {
        let line = judge_bootstrap(&[recipe(name)], program, true);
        line.expect("a line").level
    };
    assert_eq!(level("runc-debian", None), Level::Fail);
    assert_eq!(level("kubelet", None), Level::Warn);
    let program = Some(Path::new("/usr/bin/mmdebstrap"));
    assert_eq!(level("runc-debian", program), Level::Ok);
}
