//! Runs that are killed, and runs at the same time: nothing half and nothing wrong has a name.

use std::fs;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use super::results::contents;
use crate::attestation::release::Release;
use crate::support::registry::Registry;

/// How often each is tried.
const TIMES: u32 = 20;

#[test]
fn a_push_that_is_killed_leaves_nothing_half() {
    let (release, registry) = (Release::new(), Registry::start());
    let workplace = &release.place.workplace;
    let result = release.result.to_str().unwrap();
    let own = contents(&release.result);
    let (mut whole, mut nothing) = (0, 0);
    for number in 0..TIMES {
        for (kind, place) in [
            (
                "registry",
                format!("{}/killed/push{number}", registry.address),
            ),
            (
                "layout",
                format!("oci:{}/layout{number}", workplace.path().display()),
            ),
        ] {
            let run = workplace.start(&["push", result, &place]);
            // Each a little later than the one before: somewhere in between.
            thread::sleep(Duration::from_millis(u64::from(5 + 9 * number)));
            run.send(Signal::KILL);
            run.finish();
            let back = format!("{kind}-{number}");
            let pulled = workplace.run(&["pull", &format!("{place}:v1.0.0"), &back]);
            match pulled.code {
                Some(0) => {
                    assert_eq!(contents(&workplace.path().join(&back)), own, "{place}");
                    whole += 1;
                }
                // There is no such name yet, or no such layout.
                Some(12 | 15) => nothing += 1,
                _ => panic!("{place}: {pulled:?}"),
            }
            workplace.run(&["push", result, &place]).code(0);
            workplace
                .run(&["pull", &format!("{place}:v1.0.0"), &back])
                .code(0);
            assert_eq!(contents(&workplace.path().join(&back)), own, "{place}");
        }
    }
    println!("{whole} were whole, {nothing} not there");
}

#[test]
fn a_pull_that_is_killed_leaves_what_was_there() {
    let (release, registry) = (Release::new(), Registry::start());
    let workplace = &release.place.workplace;
    let result = release.result.to_str().unwrap();
    let place = format!("{}/killed/pull", registry.address);
    workplace.run(&["push", result, &place]).code(0);
    let reference = format!("{place}:v1.0.0");
    let own = contents(&release.result);
    for number in 0..TIMES {
        // Into nothing, and over an earlier one.
        let name = if number % 2 == 0 {
            format!("new-{number}")
        } else {
            "earlier".to_owned()
        };
        if name == "earlier" {
            workplace.run(&["pull", &reference, &name]).code(0);
        }
        let run = workplace.start(&["pull", &reference, &name]);
        thread::sleep(Duration::from_millis(u64::from(5 + 5 * number)));
        run.send(Signal::KILL);
        run.finish();
        let folder = workplace.path().join(&name);
        if name == "earlier" || folder.exists() {
            assert_eq!(contents(&folder), own, "after {number}");
        }
        // The next one removes what the killed one left.
        workplace.run(&["pull", &reference, &name]).code(0);
        assert_eq!(contents(&folder), own);
        let entries = fs::read_dir(workplace.path()).unwrap();
        for entry in entries {
            let left = entry.unwrap().file_name();
            let left = left.to_string_lossy().into_owned();
            assert!(!left.starts_with(&format!(".{name}.partial-")), "{left}");
        }
    }
}

#[test]
fn two_that_push_at_the_same_time_push_the_same() {
    let (release, registry) = (Release::new(), Registry::start());
    let workplace = &release.place.workplace;
    let result = release.result.to_str().unwrap();
    let own = contents(&release.result);
    for number in 0..TIMES {
        for place in [
            format!("{}/both/push{number}", registry.address),
            format!("oci:{}/both{number}", workplace.path().display()),
        ] {
            let runs = [(); 2].map(|()| workplace.start(&["push", result, &place]));
            for run in runs {
                run.finish().code(0);
            }
            let back = format!("both-{number}");
            workplace
                .run(&["pull", &format!("{place}:v1.0.0"), &back])
                .code(0);
            assert_eq!(contents(&workplace.path().join(&back)), own);
            workplace
                .run(&["push", result, &place])
                .code(0)
                .prints("unchanged");
        }
    }
}
