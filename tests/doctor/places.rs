//! Places that are dead, slow, strange or behind a proxy: each costs a line, and all of them together no more than the
//! time that each has.

use std::fs;

use serde_json::Value;

use super::server::Server;
use crate::support::command::{Finished, Workplace};
use crate::support::git_server::GitServer;
use crate::support::https_front::{HttpsFront, certificate};
use crate::support::registry::free_address;

/// A recipe with these sources and registries, and the doctor's lines about its places.
struct Case {
    place: Workplace,
    sources: Vec<String>,
    registries: Vec<String>,
    debian: String,
}

impl Case {
    fn new(sources: &[String], registries: &[String], debian: &str) -> Self {
        Self {
            place: Workplace::new(),
            sources: sources.to_vec(),
            registries: registries.to_vec(),
            debian: format!("http://{debian}/debian"),
        }
    }

    /// Runs the doctor, the engine being nowhere, with further variables.
    fn run(&self, variables: &[(&str, &str)]) -> Finished {
        let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/recipes");
        let text = fs::read_to_string(format!("{fixtures}/shaped.yaml")).expect("the fixture");
        let sources: Vec<_> = self.sources.iter().map(|url| format!("{url:?}")).collect();
        let old = "urls: [\"https://upstream.invalid/shaped.git\"]";
        assert!(text.contains(old));
        let text = text.replace(old, &format!("urls: [{}]", sources.join(", ")));
        // Without patches and without upstream's images, which start from the registry of the world.
        let (head, rest) = text.split_once("\npatches:").expect("patches");
        let (_, values) = rest.split_once("\nvalues:").expect("values");
        let (before, images) = values.split_once("  registry:\n").expect("images");
        let (_, last) = images.split_once("  debian:\n").expect("a Debian image");
        let registry = "  registry:\n    name: shaped_dev:{{version}}\n";
        let text = format!("{head}\nvalues:{before}{registry}  debian:\n{last}");
        let text = text.replace("@BUSYBOX_URLS@", "x");
        self.place.write("recipes/shaped.yaml", &text);
        let mirrors = self.registries.join(", ");
        let debian = &self.debian;
        let config = format!("format: 1\ndebian-mirror: {debian}\nmirrors: [{mirrors}]\n");
        self.place.write("config/config.yaml", &config);
        let words = [
            "doctor",
            "shaped",
            "--recipe-dir",
            "recipes",
            "--only",
            "build",
            "--format",
            "json",
            "--timeout",
            "1s",
        ];
        let mut command = self.place.command(&words);
        command.env("DOCKER_HOST", "unix:///nowhere/docker.sock");
        command.envs(variables.iter().copied());
        command.output().expect("the command starts").into()
    }
}

/// The line about the place whose name begins so.
fn line(finished: &Finished, subject: &str) -> Value {
    let document: Value = serde_json::from_str(&finished.stdout).expect("a JSON document");
    let lines = document["lines"].as_array().expect("lines");
    let named = |line: &&Value| {
        let name = line["subject"].as_str().unwrap_or_default();
        name.starts_with(subject)
    };
    let found = lines.iter().find(named);
    found
        .unwrap_or_else(|| panic!("no line about {subject} in {}", finished.stdout))
        .clone()
}

#[track_caller]
fn assert_line(finished: &Finished, subject: &str, level: &str, found: &str) {
    let line = line(finished, subject);
    assert_eq!(line["level"], level, "{line}");
    let text = line["found"].as_str().unwrap_or_default();
    assert!(text.contains(found), "{line}");
}

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
    let finished = case.run(&[]).code(1).says("1 of 8 lines fail");
    assert_line(&finished, &dead_url, "warn", "cannot be connected to");
    assert_line(
        &finished,
        &slow.url("a.git"),
        "warn",
        "the answer took longer than 1s",
    );
    assert_line(&finished, &good_url, "ok", "answers 200");
    assert_line(&finished, &dead, "warn", "cannot be connected to");
    assert_line(&finished, registry.address(), "ok", "answers 401");
    assert_line(
        &finished,
        &case.debian,
        "warn",
        "does not have this release of Debian",
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
    let source = "https://name.invalid/a.git".to_owned();
    let sources = [
        gone.url("a.git"),
        source.clone(),
        "/nowhere/a.git".to_owned(),
    ];
    let case = Case::new(&sources, &[strange.address().to_owned()], &free_address());
    let finished = case.run(&[]).code(1).says("6 of 7 lines fail");
    assert_line(&finished, &gone.url("a.git"), "fail", "answers 404");
    assert_line(
        &finished,
        &source,
        "fail",
        "the name name.invalid is not resolved",
    );
    assert_line(
        &finished,
        "/nowhere/a.git",
        "fail",
        "no repository in this folder",
    );
    assert_line(
        &finished,
        strange.address(),
        "fail",
        "a registry answers otherwise",
    );
    let line = line(&finished, &source);
    let remedy = line["remedy"].as_str().unwrap_or_default();
    assert!(
        remedy.contains("no place has the source of shaped"),
        "{remedy}"
    );
    assert!(remedy.contains("--source"), "{remedy}");
}

#[test]
fn places_are_asked_through_the_proxy_of_the_environment() {
    let proxy = Server::start("200 OK", &[]);
    let direct = Server::start("200 OK", &[]);
    let sources = ["http://source.invalid/a.git".to_owned()];
    let case = Case::new(&sources, &[], direct.address());
    let through = format!("http://me:secret@{}", proxy.address());
    let finished = case.run(&[("http_proxy", &through), ("no_proxy", "127.0.0.1")]);
    let shown = format!("through http://{}", proxy.address());
    assert_line(&finished, "http://source.invalid", "ok", &shown);
    assert!(!finished.stdout.contains("secret"), "{}", finished.stdout);
    assert_eq!(
        proxy.requests(),
        ["GET http://source.invalid/a.git/info/refs?service=git-upload-pack HTTP/1.1"]
    );
    // What no_proxy names is asked directly.
    assert_eq!(direct.requests().len(), 1);

    let dead = free_address();
    let dead_proxy = format!("http://{dead}");
    let finished = case.run(&[("HTTP_PROXY", &dead_proxy), ("NO_PROXY", "127.0.0.1")]);
    assert_line(
        &finished,
        "http://source.invalid",
        "fail",
        "cannot be connected to",
    );
    // TLS goes through a tunnel, which this proxy does not open.
    let secure = ["https://source.invalid/a.git".to_owned()];
    let refusing = Server::start("403 Forbidden", &[]);
    let case = Case::new(&secure, &[], direct.address());
    let proxy = format!("http://{}", refusing.address());
    let finished = case.run(&[("https_proxy", &proxy)]);
    assert_line(
        &finished,
        "https://source.invalid",
        "fail",
        "no answer came",
    );
    assert_eq!(refusing.requests(), ["CONNECT source.invalid:443 HTTP/1.1"]);
}

#[test]
fn places_are_asked_over_https_as_far_as_this_system_trusts_them() {
    let behind = Server::start("200 OK", &[]);
    let front = HttpsFront::start(behind.address().parse().expect("an address"));
    let url = format!("https://{}/a.git", front.address);
    let plain = Server::start("200 OK", &[]);
    let plain_url = format!("http://{}/b.git", plain.address());
    let case = Case::new(&[url.clone(), plain_url.clone()], &[], plain.address());
    let certificate = certificate().display().to_string();
    let nothing = case.place.path().display().to_string();
    let trusting = case.run(&[("SSL_CERT_FILE", &certificate), ("SSL_CERT_DIR", &nothing)]);
    assert_line(&trusting, &url, "ok", "answers 200");
    // Without a certificate in the world, http is as good as ever.
    let alone = case.run(&[("SSL_CERT_FILE", "/nowhere"), ("SSL_CERT_DIR", &nothing)]);
    assert_line(&alone, &url, "warn", "certificate");
    assert_line(&alone, &plain_url, "ok", "answers 200");
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
}
