//! The ways to a place: through proxies, over https, and as the engine goes.

use serde_json::{Value, json};

use super::case::{Case, assert_line};
use super::server::Server;
use super::told_engine::ToldEngine;
use crate::support::https_front::{HttpsFront, certificate};
use crate::support::registry::free_address;

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
    assert_eq!(proxy.header("Proxy-Authorization"), ["Basic bWU6c2VjcmV0"]);
    // What no_proxy names is asked directly.
    assert_eq!(direct.requests().len(), 1);
    assert!(direct.header("Proxy-Authorization").is_empty());

    let dead = free_address();
    let dead_proxy = format!("http://{dead}");
    let finished = case.run(&[("HTTP_PROXY", &dead_proxy), ("NO_PROXY", "127.0.0.1")]);
    assert_line(
        &finished,
        "http://source.invalid",
        "fail",
        "could not connect to",
    );
    // TLS goes through a tunnel, which this proxy does not open.
    let secure = ["https://source.invalid/a.git".to_owned()];
    let refusing = Server::start("403 Forbidden", &[]);
    let case = Case::new(&secure, &[], direct.address());
    let proxy = format!("http://me:secret@{}", refusing.address());
    let finished = case.run(&[("https_proxy", &proxy)]);
    assert_line(&finished, "https://source.invalid", "fail", "got no answer");
    assert_eq!(refusing.requests(), ["CONNECT source.invalid:443 HTTP/1.1"]);
    let told = refusing.header("Proxy-Authorization");
    assert_eq!(told, ["Basic bWU6c2VjcmV0"]);

    // Only git itself can use SOCKS. Nothing is asked through it, but whether the proxy is there is seen.
    let socks = format!("socks5://{}", direct.address());
    let finished = case.run(&[("all_proxy", &socks), ("no_proxy", "127.0.0.1")]);
    assert_line(
        &finished,
        "https://source.invalid",
        "fail",
        "git is not installed",
    );
    let path = std::env::var("PATH").expect("a path");
    let with_git = [
        ("all_proxy", &*socks),
        ("no_proxy", "127.0.0.1"),
        ("PATH", &path),
    ];
    let finished = case.run(&with_git);
    let found = format!("the proxy {socks} accepts connections");
    assert_line(&finished, "https://source.invalid", "ok", &found);
    let socks = format!("socks5://{dead}");
    let finished = case.run(&[("all_proxy", &socks), ("no_proxy", "127.0.0.1")]);
    assert_line(
        &finished,
        "https://source.invalid",
        "fail",
        "could not connect to",
    );
}

#[test]
fn registries_are_asked_as_the_engine_asks_them() {
    let source = Server::start("200 OK", &[]);
    let sources = [format!("http://{}/a.git", source.address())];
    let doctor = |info: &Value, registries: &[String]| {
        let engine = ToldEngine::start(info);
        let mut case = Case::new(&sources, registries, source.address());
        // What does not speak TLS has half of it.
        case.timeout = "3s";
        case.run(&[("DOCKER_HOST", &engine.address())])
    };

    // An engine shows that its proxy wants a password, and not which.
    let proxy = Server::start("407 Proxy Authentication Required", &[]);
    let masked = format!("http://xxxxx:xxxxx@{}", proxy.address());
    let finished = doctor(
        &json!({"HttpsProxy": masked, "NoProxy": "known.invalid"}),
        &["name.invalid/hub".to_owned()],
    );
    assert_line(
        &finished,
        "name.invalid",
        "warn",
        "not asked: the engine does not reveal its proxy's password",
    );
    assert!(proxy.requests().is_empty());

    // 0.0.0.0 is this host by a name that is not known to be.
    let port = |address: &str| address.rsplit(':').next().unwrap_or_default().to_owned();
    let behind = Server::start("200 OK", &[]);
    let front = HttpsFront::start(behind.address().parse().expect("an address"));
    let plain = Server::start("401 Unauthorized", &[]);
    let plain_name = format!("0.0.0.0:{}", port(plain.address()));
    let secure_name = format!("0.0.0.0:{}", front.address.port());
    let both = [plain_name.clone(), secure_name.clone()];
    let strict = doctor(&json!({}), &both);
    assert_line(&strict, &plain_name, "fail", "");
    assert_line(&strict, &secure_name, "fail", "certificate");
    let index = json!({&plain_name: {"Secure": false}, "docker.io": {"Secure": true}});
    let by_name = doctor(&json!({"RegistryConfig": {"IndexConfigs": index}}), &both);
    assert_line(&by_name, &plain_name, "ok", "answers 401");
    assert_line(&by_name, &secure_name, "warn", "certificate");
    let networks = json!(["0.0.0.0/8", "127.0.0.0/8"]);
    let by_network = json!({"RegistryConfig": {"InsecureRegistryCIDRs": networks}});
    let by_network = doctor(&by_network, &both);
    assert_line(&by_network, &plain_name, "ok", "answers 401");
    assert_line(&by_network, &secure_name, "ok", "answers 200");
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
