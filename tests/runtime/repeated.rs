//! Each fault twenty times, at different moments: nothing is left, and nothing wrong is published.

use std::fs;
use std::time::Duration;

use bytes::Bytes;
use kmembuild::checksum::sha256_hex;
use kmembuild::engine::{ExitCause, ImageSource, Limits};
use kmembuild::failure::with_causes;
use rustix::process::Signal;
use tokio_util::sync::CancellationToken;

use super::faults::stubborn;
use super::place::{Place, cgroups, engine, engine_in, names, subject_of};
use super::pulling::pushed;
use crate::support::hostile_registry::{Conduct, HostileRegistry};
use crate::support::preflight::installed;
use crate::support::processes::{lives, living};
use crate::support::recorder::Recorder;
use crate::support::registry::Registry;
use crate::support::scratch::shell;
use crate::support::small_image::{small_root, write_image};

const TIMES: u32 = 20;

/// Sends a signal to builds: to the first ones before anything is begun, to the last ones while their step runs.
fn at_every_moment(signal: Signal, mut afterwards: impl FnMut(&Place)) {
    let mark = format!("7{:07}{}", std::process::id(), signal.as_raw());
    let places = [stubborn("crun", &mark), stubborn("runc", &mark)];
    for number in 0..TIMES {
        let place = &places[number as usize % 2];
        let run = place.start(&["-v"]);
        if number < TIMES - 4 {
            std::thread::sleep(Duration::from_millis(20 * u64::from(number)));
        } else {
            run.until_says("started");
        }
        run.send(signal);
        let finished = run.finish();
        // Without a code where it came before anybody could listen to it.
        assert!(
            finished.code.is_none() || (finished.code == Some(130) && signal != Signal::KILL),
            "{number}: {finished:?}"
        );
        until_quiet(place, &mark);
        assert_eq!(living(&mark), [""; 0], "{number}");
        place.nothing_goes_on();
        afterwards(place);
        place.nothing_is_published();
    }
    for place in &places {
        place.nothing_is_left();
    }
}

/// Waits until nothing of builds goes on. Nobody says when that is: what was just about to be started is not seen.
fn until_quiet(place: &Place, mark: &str) {
    let directory = place.path("cache").display().to_string();
    let mut quiet = 0;
    while quiet < 5 {
        let goes_on = lives(mark) || lives(&directory);
        quiet = if goes_on { 0 } else { quiet + 1 };
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn interrupts_leave_nothing() {
    at_every_moment(Signal::INT, |_| {});
}

#[test]
fn terminations_leave_nothing() {
    at_every_moment(Signal::TERM, |_| {});
}

#[test]
fn kills_leave_nothing_that_the_next_command_does_not_remove() {
    at_every_moment(Signal::KILL, |place| {
        place.run(&["clean", "--engine", "runtime"]).code(0);
        place.nothing_is_left();
    });
}

#[tokio::test]
async fn memory_limits_leave_nothing() {
    for runtime in ["crun", "runc"] {
        let subject = subject_of(runtime, "memory-limits").await;
        for number in 0..TIMES / 2 {
            let mut spec = subject.spec();
            let memory = (16 + u64::from(number)) << 20;
            spec.limits = Limits {
                memory: Some(memory),
                ..Limits::default()
            };
            let session = subject.engine.open(&spec).await.unwrap();
            let sink = Recorder::default();
            let exit = session.run(&shell("tail /dev/zero"), &sink).await.unwrap();
            assert_eq!(exit.cause, ExitCause::OutOfMemory, "{number}");
            session.close().await.unwrap();
            assert_eq!(cgroups(&subject.run), [""; 0], "{number}");
            assert!(!lives(&subject.run), "{number}");
        }
    }
}

/// Builds with the cache on file systems of which each is a little larger than the one before: the first ones are too small for
/// the image, the next ones for a session, and the last ones for what the step writes.
#[test]
fn full_disks_leave_nothing() {
    let place = Place::new("crun", "head -c 4000000 /dev/zero >large && cp large tool");
    let script = r#"
mount -t tmpfs -o mode=700,size="$1"k none cache
shift
"$@"
code=$?
test $code = 0 && rm -r dist
for left in sessions state images/.partial; do
    ls -d cache/runtime/$left*/* 2>/dev/null
done
ls cache/runs 2>/dev/null
exit $code
"#;
    fs::create_dir(place.path("cache")).unwrap();
    let mut reasons = Vec::new();
    for number in 0..TIMES {
        let size = (400 + 550 * number).to_string();
        let mut command = installed("unshare");
        command.args(["--mount", "sh", "-c", script, "sh", &size]);
        command.arg(env!("CARGO_BIN_EXE_kmembuild"));
        let words = place.words(&[]);
        let output = place.workplace.set_up(command, &words).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let left = String::from_utf8_lossy(&output.stdout).into_owned();
        let left: Vec<_> = left
            .lines()
            .filter(|line| line.starts_with("cache/"))
            .collect();
        assert_eq!(left, [""; 0], "{number}: {said}");
        place.nothing_is_published();
        place.nothing_goes_on();
        reasons.push((output.status.code(), said));
    }
    let codes: Vec<_> = reasons.iter().map(|(code, _)| *code).collect();
    let (first, last) = (reasons.first().unwrap(), reasons.last().unwrap());
    assert!(
        first.1.contains("no space left") || first.1.contains("disk is full"),
        "{first:?}"
    );
    assert!(
        reasons
            .iter()
            .any(|(code, said)| *code == Some(14) && said.contains("No space left")),
        "{codes:?} {last:?}"
    );
}

/// Layers that end early, or are not what the image says of them.
#[tokio::test]
async fn cut_and_changed_layers_leave_nothing() {
    let (folder, engine) = engine().await;
    let file = folder.path().join("image.tar");
    let whole = Bytes::from(small_root());
    let digest = format!("sha256:{}", sha256_hex(&whole));
    let images = folder.path().join("cache/runtime/images");
    for number in 0..TIMES as usize {
        let at = whole.len() * number / TIMES as usize;
        let mut changed = whole.to_vec();
        changed[at + 1] ^= 0x55;
        for layer in [whole.slice(..at), changed.into()] {
            let id = write_image(&file, &[layer], Some(vec![digest.clone()]));
            let source = ImageSource::Archive {
                file: file.clone(),
                layers: None,
            };
            let (recorder, cancel) = (Recorder::default(), CancellationToken::new());
            let kept = engine.provide(&id, source, &recorder, &cancel).await;
            assert!(kept.is_err(), "{number}: {kept:?}");
            assert_eq!(names(&images), [""; 0], "{number}");
        }
    }
}

#[tokio::test]
async fn stalled_registries_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::start();
    let (reference, _, layers) = pushed(&registry, folder.path(), "runtime-stalled");
    assert_eq!(layers.len(), 2);
    let (behind, name) = reference.split_once('/').unwrap();
    let (behind, name) = (behind.to_owned(), name.to_owned());
    let pulls = (0..TIMES as usize).map(|number| {
        let (behind, name) = (behind.clone(), name.clone());
        let directory = folder.path().join(number.to_string());
        async move {
            // Some are silent before the first byte, some in the middle of a blob.
            let hostile = HostileRegistry::start(&behind, move |asked| {
                if number == 0 {
                    Conduct::Silence
                } else if asked.path.contains("/blobs/") {
                    Conduct::Stall(40 * number * number)
                } else {
                    Conduct::Pass
                }
            });
            let engine = engine_in(&directory, "crun").await;
            let source = ImageSource::Registry {
                reference: format!("{}/{name}", hostile.address),
                expected: None,
                stall: Duration::from_millis(200),
            };
            let (recorder, cancel) = (Recorder::default(), CancellationToken::new());
            let pulled = engine
                .provide("toolchain:1", source, &recorder, &cancel)
                .await;
            let error = with_causes(&pulled.expect_err("nothing comes"));
            assert!(error.contains("could not pull"), "{error}");
            assert_eq!(
                names(&directory.join("images")),
                [""; 0],
                "{number}: {error}"
            );
            assert_eq!(
                names(&directory.join("names")),
                [""; 0],
                "{number}: {error}"
            );
        }
    });
    futures_util::future::join_all(pulls).await;
}
