//! Runs that are killed or stopped, runs at the same time, and proxies: nothing half and nothing wrong is taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use super::machine::{Machine, Team};
use crate::support::hostile_registry::{Conduct, HostileRegistry};
use crate::support::registry::Registry;

/// How often each is tried.
const TIMES: u32 = 20;

/// What a new machine makes of a cache: the result of the builder, or its own.
#[track_caller]
fn whole_or_nothing(builder: &Machine<'_>, taker: &Machine<'_>, cache: &str) -> bool {
    let finished = taker.take(cache).code(0);
    let is_taken = finished.stderr.contains("taken from the shared cache");
    assert!(
        is_taken || !finished.stderr.contains("warning"),
        "{}",
        finished.stderr
    );
    if is_taken {
        assert_eq!(taker.result(), builder.result());
    }
    taker.nothing_half();
    is_taken
}

#[test]
fn a_run_that_is_killed_while_it_puts_leaves_nothing_half() {
    let (team, registry) = (Team::new(), Registry::start());
    let builder = team.machine("builder");
    builder.build(&[]).code(0);
    let mut whole = 0;
    for number in 0..TIMES {
        for (kind, cache) in [
            ("registry", format!("{}/put/{number}", registry.address)),
            ("layout", team.layout(&format!("put{number}"))),
        ] {
            let words = ["--cache-to", &cache, "--sign-key", &team.private];
            let run = builder.start_build(&words);
            thread::sleep(Duration::from_millis(u64::from(20 + 12 * number)));
            run.send(Signal::KILL);
            run.finish();
            let taker = team.machine(format!("{kind}{number}"));
            whole += u32::from(whole_or_nothing(&builder, &taker, &cache));
            builder.build(&words).code(0);
            let second = team.machine(format!("{kind}{number}-second"));
            second.take(&cache).code(0).says("taken from the shared");
            assert_eq!(second.result(), builder.result());
        }
    }
    println!("{whole} of {} were whole", 2 * TIMES);
}

#[test]
fn a_run_that_is_killed_while_it_takes_leaves_nothing_half() {
    let (team, registry) = (Team::new(), Registry::start());
    let builder = team.machine("builder");
    let cache = format!("{}/team/cache", registry.address);
    builder.put(&cache).code(0);
    for number in 0..TIMES {
        let taker = team.machine(format!("taker{number}"));
        let words = ["--cache-from", &cache, "--cache-key", &team.public];
        let run = taker.start_build(&words);
        thread::sleep(Duration::from_millis(u64::from(20 + 12 * number)));
        run.send(Signal::KILL);
        run.finish();
        // It had been taken whole, or it is taken now.
        taker.take(&cache).code(0);
        assert_eq!(taker.result(), builder.result());
    }
}

#[test]
fn two_that_put_at_the_same_time_put_one_or_the_other() {
    let (team, registry) = (Team::new(), Registry::start());
    let builders = ["one", "other"].map(|name| team.machine(name));
    for builder in &builders {
        builder.build(&[]).code(0);
    }
    for number in 0..TIMES {
        for (kind, cache) in [
            ("registry", format!("{}/both/{number}", registry.address)),
            ("layout", team.layout(&format!("both{number}"))),
        ] {
            let words = ["--cache-to", &cache, "--sign-key", &team.private];
            let runs = builders.each_ref().map(|one| one.start_build(&words));
            for run in runs {
                let finished = run.finish().code(0);
                assert!(!finished.stderr.contains("warning"), "{}", finished.stderr);
            }
            let taker = team.machine(format!("{kind}{number}"));
            taker.take(&cache).code(0).says("taken from the shared");
            let result = taker.result();
            assert!(builders.iter().any(|builder| builder.result() == result));
        }
    }
}

#[test]
fn a_run_that_is_stopped_ends_at_once_and_leaves_nothing() {
    let (team, registry) = (Team::new(), Registry::start());
    let builder = team.machine("builder");
    let behind = format!("{}/team/cache", registry.address);
    builder.put(&behind).code(0);
    let silent = |method: &'static str, what: &'static str| {
        HostileRegistry::start(&registry.address, move |asked| {
            if asked.method == method && asked.path.contains(what) {
                Conduct::Silence
            } else {
                Conduct::Pass
            }
        })
    };
    // While it takes: nothing is published.
    for what in ["/blobs/sha256:", "/manifests/"] {
        let proxy = silent("GET", what);
        let taker = team.machine(format!("taker{}", what.len()));
        let cache = format!("{}/team/cache", proxy.address);
        let words = ["--cache-from", &cache, "--cache-key", &team.public];
        let run = taker.start_build(&words);
        thread::sleep(Duration::from_millis(700));
        run.send(Signal::INT);
        run.finish().code(130);
        assert!(!taker.path().join("dist/tool/v1.0.0").join("tool").exists());
        taker.nothing_half();
        // The next run has no use for anything that this one left.
        taker.take(&behind).code(0).says("taken from the shared");
        assert_eq!(taker.result(), builder.result());
    }
    // While it puts: the result is published already, and that is said.
    let proxy = silent("PUT", "/blobs/uploads/");
    let machine = team.machine("putter");
    let cache = format!("{}/team/other", proxy.address);
    let words = ["--cache-to", &cache, "--sign-key", &team.private];
    let run = machine.start_build(&words);
    while !machine.path().join("dist/tool/v1.0.0").exists() {
        thread::sleep(Duration::from_millis(20));
    }
    thread::sleep(Duration::from_millis(700));
    run.send(Signal::INT);
    run.finish()
        .code(0)
        .says("could not put the result into the shared cache")
        .says("interrupted");
    let taker = team.machine("taker");
    let other = format!("{}/team/other", registry.address);
    taker.take(&other).code(0).prints(", built -> ");
}

#[test]
fn shared_caches_and_results_go_through_the_proxy_of_the_environment() {
    let (team, registry) = (Team::new(), Registry::start());
    let through = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&through);
    let proxy = HostileRegistry::start(&registry.address, move |asked| {
        // A proxy is asked for whole URLs.
        assert!(
            asked.path.starts_with("http://registry.test"),
            "{}",
            asked.path
        );
        count.fetch_add(1, Ordering::Relaxed);
        Conduct::Pass
    });
    // Only the proxy knows this name.
    let cache = "http://registry.test/team/cache";
    let address = format!("http://{}", proxy.address);
    let builder = team.machine("builder");
    let mut command = builder.build_command(&["--cache-to", cache, "--sign-key", &team.private]);
    let output = command.env("http_proxy", &address).output();
    let finished: crate::support::command::Finished = output.expect("it starts").into();
    finished.code(0).says("put into the shared cache");
    let put = through.load(Ordering::Relaxed);
    assert!(put > 10, "{put} requests");
    let taker = team.machine("taker");
    let mut command = taker.build_command(&["--cache-from", cache, "--cache-key", &team.public]);
    let output = command.env("HTTP_PROXY", &address).output();
    let finished: crate::support::command::Finished = output.expect("it starts").into();
    finished.code(0).says("taken from the shared cache");
    assert_eq!(taker.result(), builder.result());
    assert!(through.load(Ordering::Relaxed) > put);
    // Push and pull as well.
    let result = super::machine::of_tool(&builder);
    let workplace = &team.place.workplace;
    let run = |words: &[&str]| -> crate::support::command::Finished {
        let mut command = workplace.command(words);
        let output = command.env("http_proxy", &address).output();
        output.expect("it starts").into()
    };
    run(&[
        "push",
        result.to_str().unwrap(),
        "http://registry.test/team/tool",
    ])
    .code(0);
    run(&["pull", "http://registry.test/team/tool:v1.0.0", "back"]).code(0);
    // A host of no_proxy is asked itself.
    let asked = through.load(Ordering::Relaxed);
    let near = team.machine("near");
    let own = format!("{}/team/cache", registry.address);
    let mut command = near.build_command(&["--cache-from", &own, "--cache-key", &team.public]);
    let output = command
        .env("http_proxy", &address)
        .env("no_proxy", "127.0.0.1")
        .output();
    let finished: crate::support::command::Finished = output.expect("it starts").into();
    finished.code(0).says("taken from the shared cache");
    assert_eq!(through.load(Ordering::Relaxed), asked);
}
