//! Places that are dead, slow or strange: each costs a line, and none keeps the others waiting.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use kmembuild::environment::Proxies;
use kmembuild::host::doctor::{
    EngineRoute, Place, PlaceKind, ProbeError, Prober, Redirect, Target,
};

use super::case::{Case, assert_line, line};
use super::server::Server;
use crate::support::command::{Finished, Workplace};
use crate::support::git_server::GitServer;
use crate::support::registry::free_address;

#[test]
fn dead_and_slow_places_cost_a_line_where_another_answers() {
    let good = Server::start("200 OK", &[]);
    let good_url = format!("http://{}/a.git", good.address());
    let dead_url = format!("http://{}/a.git", free_address());
    let slow = GitServer::stalled();
    let registry = Server::start("401 Unauthorized", &[]);
    let dead = free_address();
    let sources = [dead_url.clone(), slow.url("a.git"), good_url.clone()];
    let registries = [format!("{dead}/hub"), format!("{}/hub", registry.address())];
    let debian = Server::start("404 Not Found", &[]);
    let case = Case::new(&sources, &registries, debian.address());
    // Only the engine, which is nowhere, is a failure.
    let finished = case.run(&[]).code(1).says("1 of 11 checks failed");
    assert_line(&finished, &dead_url, "warn", "could not connect to");
    assert_line(
        &finished,
        &slow.url("a.git"),
        "warn",
        "the answer took longer than 1s",
    );
    assert_line(&finished, &good_url, "ok", "answers 200");
    assert_line(&finished, &dead, "warn", "could not connect to");
    assert_line(&finished, registry.address(), "ok", "answers 401");
    assert_line(
        &finished,
        &case.debian,
        "warn",
        "this release of Debian is not there",
    );
    let asked = "GET /a.git/info/refs?service=git-upload-pack HTTP/1.1";
    assert_eq!(good.requests(), [asked]);
    assert_eq!(registry.requests(), ["GET /v2/ HTTP/1.1"]);
    assert_eq!(
        debian.requests(),
        ["GET /debian/dists/bullseye/InRelease HTTP/1.1"]
    );
}

#[test]
fn it_fails_where_nothing_has_the_source_or_the_image() {
    let gone = GitServer::not_found();
    let strange = Server::start("418 I'm a teapot", &[]);
    // The machine's resolver has its own ways and its own time to say that there is no such name.
    let source = "https://name.invalid/a.git".to_owned();
    let sources = [
        gone.url("a.git"),
        source.clone(),
        "/nowhere/a.git".to_owned(),
    ];
    let mut case = Case::new(&sources, &[strange.address().to_owned()], &free_address());
    let finished = case.run(&[]).code(1).says("5 of 10 checks failed");
    assert_line(&finished, &gone.url("a.git"), "fail", "answers 404");
    assert_line(&finished, &source, "fail", "");
    let unresolved = line(&finished, &source);
    let text = unresolved["found"].as_str().unwrap_or_default();
    assert!(
        text.contains("could not resolve the name name.invalid")
            || text.contains("resolving its name took longer than 1s"),
        "{text}"
    );
    assert_line(
        &finished,
        "/nowhere/a.git",
        "fail",
        "no repository in this directory",
    );
    assert_line(
        &finished,
        strange.address(),
        "fail",
        "this is not a registry",
    );
    let remedy = |subject: &str| {
        let line = line(&finished, subject);
        line["remedy"].as_str().unwrap_or_default().to_owned()
    };
    let found = remedy(&source);
    assert!(
        found.contains("source of shaped not available anywhere"),
        "{found}"
    );
    assert!(found.contains("--source"), "{found}");
    let found = remedy(strange.address());
    assert!(
        found.contains("image of shaped not available anywhere"),
        "{found}"
    );
    assert!(
        found.ends_with("; `--image debian` does not need it"),
        "{found}"
    );
    // Nothing falls back to Debian's archive, and so nothing is lost with it.
    assert_line(&finished, &case.debian, "warn", "could not connect to");
    case.default = "debian";
    let finished = case.run(&[]).code(1);
    assert_line(
        &finished,
        strange.address(),
        "warn",
        "this is not a registry",
    );
    assert_line(&finished, &case.debian, "fail", "could not connect to");
}

/// A source at that address, which is asked over http.
fn source_at(address: &str) -> Place {
    let url = format!("http://{address}/a.git");
    Place {
        target: Target::Http(url.parse().expect("a URL")),
        name: url,
        kind: PlaceKind::Source,
        needs: BTreeSet::new(),
    }
}

#[tokio::test]
async fn places_are_asked_side_by_side() {
    let servers = GitServer::together(6);
    let addresses = servers.iter().map(|server| server.address().to_string());
    let places: Vec<_> = addresses.map(|address| source_at(&address)).collect();
    let limit = Duration::from_mins(1);
    let asker = Prober::new(&Proxies::default(), &EngineRoute::default(), limit);
    // One after the other, the first would wait in vain for the others to be asked.
    for probe in asker.ask(&places).await {
        let outcome = probe.outcome;
        assert!(
            !matches!(outcome, Err(ProbeError::TimedOut { .. })),
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_place_does_not_send_this_machine_to_other_hosts() {
    let inner = Server::start("200 OK", &[]);
    let port = inner
        .address()
        .rsplit(':')
        .next()
        .expect("a port")
        .to_owned();
    let limit = Duration::from_mins(1);
    let asker = Prober::new(&Proxies::default(), &EngineRoute::default(), limit);
    // The same host under another name is another host.
    for (address, is_followed) in [
        (format!("http://127.0.0.1:{port}/moved.git"), true),
        (format!("http://127.0.0.2:{port}/metadata"), false),
        (format!("http://localhost:{port}/"), false),
        (format!("//127.0.0.3:{port}/"), false),
    ] {
        let header = format!("Location: {address}");
        let outer = Server::start("302 Found", &[&header]);
        let before = inner.requests().len();
        let probe = asker.ask(&[source_at(outer.address())]).await.pop();
        let probe = probe.expect("one probe");
        assert_eq!(inner.requests().len() > before, is_followed, "{address}");
        match probe.redirect {
            Some(Redirect::Followed(_)) => assert!(is_followed, "{address}"),
            Some(Redirect::Refused(_)) => assert!(!is_followed, "{address}"),
            None => panic!("the redirect to {address} was not noted"),
        }
    }
}

#[tokio::test]
async fn a_place_that_does_not_answer_is_given_up() {
    let stalled = GitServer::stalled();
    let places = [source_at(&stalled.address().to_string())];
    let limit = Duration::from_secs(1);
    let asker = Prober::new(&Proxies::default(), &EngineRoute::default(), limit);
    let outcome = asker.ask(&places).await.pop().map(|probe| probe.outcome);
    assert!(
        matches!(outcome, Some(Err(ProbeError::TimedOut { .. }))),
        "{outcome:?}"
    );
}

#[test]
fn the_clock_is_held_against_what_answered() {
    let clock = |debian: &Server| {
        let source = Server::start("200 OK", &[]);
        let sources = [format!("http://{}/a.git", source.address())];
        let finished = Case::new(&sources, &[], debian.address()).run(&[]);
        super::engine::line(&finished, "clock")
    };
    let past = clock(&Server::start(
        "200 OK",
        &["Date: Tue, 03 Mar 2020 10:00:00 GMT"],
    ));
    assert_eq!(past["level"], "fail");
    let found = past["found"].as_str().unwrap_or_default();
    assert!(found.contains("ahead of 1 server"), "{past}");
    // A cache that has it from then, and says so, has the right time.
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let age = now.expect("a clock").as_secs() - 1_583_229_600;
    let cached = clock(&Server::start(
        "200 OK",
        &[
            "Date: Tue, 03 Mar 2020 10:00:00 GMT",
            &format!("Age: {age}"),
        ],
    ));
    assert_eq!(cached["level"], "ok", "{cached}");
    let none = clock(&Server::start("200 OK", &["Date: yesterday"]));
    assert_eq!(none["level"], "warn");
}

#[test]
fn a_recipe_that_cannot_be_read_costs_a_line_unless_it_is_asked_for() {
    let place = Workplace::new();
    place.write("recipes/broken.yaml", "format: 7\n");
    let debian = Server::start("200 OK", &[]);
    let config = format!("format: 1\ndebian-mirror: http://{}\n", debian.address());
    place.write("config/config.yaml", &config);
    let words = [
        "doctor",
        "--recipe-dir",
        "recipes",
        "--timeout",
        "1s",
        "--format",
        "json",
    ];
    let mut command = place.command(&words);
    // All other places are behind a proxy that is dead: nobody outside is asked by a test.
    let proxy = format!("http://{}", free_address());
    command.env("DOCKER_HOST", "unix:///nowhere/docker.sock");
    command.envs([("all_proxy", proxy.as_str()), ("no_proxy", "127.0.0.1")]);
    let finished = Finished::from(command.output().expect("the command starts")).code(1);
    assert_line(&finished, "broken", "warn", "broken.yaml");
    let words = ["doctor", "broken", "--recipe-dir", "recipes"];
    place.run(&words).code(10);
    place
        .run(&["doctor", "nothing"])
        .code(2)
        .says("there is no recipe `nothing`");
    place.run(&["doctor", "--format", "yaml"]).code(2);
    place
        .run(&["doctor", "nothing", "--only", "leak"])
        .code(2)
        .says("--only leak does not examine recipes");
}
