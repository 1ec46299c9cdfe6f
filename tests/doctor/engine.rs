//! Engines that do not answer: each kind is told apart, with what to do, and costs a line.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use kmembuild::engine::{Address, AddressProblem, EngineError, connect_docker};
use serde_json::Value;

use super::case;
use super::server::Server;
use crate::support::command::{Finished, Workplace};
use crate::support::https_front::{HttpsFront, certificate};
use crate::support::preflight::installed;

/// User and group that own nothing.
const NOBODY: u32 = 65_534;

/// The line of `check` in the doctor's JSON.
pub fn line(finished: &Finished, check: &str) -> Value {
    let document: Value = serde_json::from_str(&finished.stdout).expect("a JSON document");
    assert_eq!(document["format"], 1);
    let lines = document["lines"].as_array().expect("lines");
    let found = lines.iter().find(|line| line["check"] == check);
    found
        .unwrap_or_else(|| panic!("no line {check} in {}", finished.stdout))
        .clone()
}

/// Asserts that the engine's line fails, says `found` and advises `remedy`.
#[track_caller]
fn assert_fails(finished: &Finished, found: &str, remedy: &str) {
    let line = line(finished, "engine");
    assert_eq!(line["level"], "fail");
    let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
    assert!(text("found").contains(found), "{line}");
    assert!(text("remedy").contains(remedy), "{line}");
}

/// The doctor's command, for a place that the recipe asks and that answers.
fn doctor(place: &Workplace, debian: &Server, host: &str) -> Command {
    let mirror = format!(
        "format: 1\ndebian-mirror: http://{}/debian\n",
        debian.address()
    );
    place.write("config/config.yaml", &mirror);
    let words = [
        "doctor",
        "runc-debian",
        "--only",
        "build",
        "--format",
        "json",
    ];
    let mut command = case::doctor(place, &words);
    command.env("DOCKER_HOST", host);
    command
}

fn diagnosed(mut command: Command) -> Finished {
    command.output().expect("the command starts").into()
}

fn at(host: &str) -> Finished {
    let (place, debian) = (Workplace::new(), Server::start("200 OK", &[]));
    diagnosed(doctor(&place, &debian, host)).code(1)
}

#[test]
fn an_engine_that_is_not_there_costs_a_line_and_the_rest_is_looked_at() {
    let finished = at("unix:///nowhere/docker.sock").says("1 of 6 checks failed");
    assert_fails(
        &finished,
        "no container engine answers at unix:///nowhere/docker.sock: the socket does not exist",
        "install and start an engine",
    );
    assert_eq!(line(&finished, "debian-mirror")["level"], "ok");
}

#[test]
fn an_engine_that_was_stopped_is_told_from_one_that_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("docker.sock");
    drop(UnixListener::bind(&socket).unwrap());
    let finished = at(&format!("unix://{}", socket.display()));
    assert_fails(
        &finished,
        "nothing is listening there",
        "start it (systemctl start docker)",
    );
}

#[test]
fn a_socket_of_others_wants_the_group_docker() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("docker.sock");
    let _listener = UnixListener::bind(&socket).unwrap();
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o000)).unwrap();
    let (place, debian) = (Workplace::new(), Server::start("200 OK", &[]));
    let command = doctor(&place, &debian, &format!("unix://{}", socket.display()));
    let finished = if rustix::process::geteuid().is_root() {
        // Root may use every socket, so somebody else has to try, with a copy of the program that all may start.
        let others = tempfile::Builder::new()
            .prefix("kmembuild-")
            .tempdir_in("/tmp")
            .unwrap();
        let program = others.path().join("kmembuild");
        fs::copy(env!("CARGO_BIN_EXE_kmembuild"), &program).unwrap();
        for path in [folder.path(), place.path(), others.path()] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        diagnosed(as_nobody(&command, &program))
    } else {
        diagnosed(command)
    };
    assert_fails(
        &finished.code(1),
        "this user may not use the socket",
        "group docker",
    );
}

/// The same command, run by another user from another file.
fn as_nobody(command: &Command, program: &Path) -> Command {
    let mut other = Command::new(program);
    other
        .args(command.get_args())
        .env_clear()
        .uid(NOBODY)
        .gid(NOBODY);
    other.current_dir(command.get_current_dir().expect("a folder"));
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            other.env(name, value);
        }
    }
    other
}

#[test]
fn an_address_that_cannot_be_is_told_with_the_forms_that_can() {
    for (host, found) in [
        ("/var/run/docker.sock", "it must begin with unix://"),
        ("tcp://", "the host is missing"),
        ("unix://docker.sock", "the absolute path of a socket"),
    ] {
        assert_fails(&at(host), found, "DOCKER_HOST");
    }
    assert_fails(
        &at("ssh://build:22"),
        "a port is unsupported with ssh://",
        "SSH configuration",
    );
}

#[tokio::test]
async fn an_address_that_cannot_be_is_refused() {
    use AddressProblem::{NoCertificates, NoHost, Scheme, TrailingPath};
    let refused = async |address: Address| match connect_docker(&address, None).await {
        Err(EngineError::InvalidAddress { source, .. }) => source,
        other => panic!("{other:?}"),
    };
    let at = async |host: &str| {
        let host = Some(host.to_owned());
        refused(Address {
            host,
            ..Address::default()
        })
        .await
    };
    assert!(matches!(at("npipe:////./pipe/x").await, Scheme));
    assert!(matches!(at("tcp://:2375").await, NoHost));
    assert!(matches!(at("tcp://a/b").await, TrailingPath));
    let bare = Address {
        host: Some("tcp://a".to_owned()),
        tls_verify: true,
        ..Address::default()
    };
    assert!(matches!(refused(bare).await, NoCertificates));
}

#[test]
fn a_host_that_is_no_engine_is_told() {
    let other = Server::start("404 Not Found", &[]);
    let finished = at(&format!("tcp://{}", other.address()));
    assert_fails(&finished, "is not a container engine", "TLS");
}

#[test]
fn tls_that_is_set_up_wrongly_is_told() {
    let debian = Server::start("200 OK", &[]);
    let tls = |host: &str, certificates: Option<&Path>| {
        let place = Workplace::new();
        let mut command = doctor(&place, &debian, host);
        command.env("DOCKER_TLS_VERIFY", "1");
        if let Some(folder) = certificates {
            command.env("DOCKER_CERT_PATH", folder);
        }
        diagnosed(command).code(1)
    };
    let plain = Server::start("200 OK", &[]);
    let host = format!("tcp://{}", plain.address());
    let none = tls(&host, None);
    assert_fails(
        &none,
        "TLS requires a directory with ca.pem",
        "DOCKER_CERT_PATH",
    );
    let empty = tempfile::tempdir().unwrap();
    let missing = tls(&host, Some(empty.path()));
    assert_fails(
        &missing,
        "could not use the certificates",
        "DOCKER_CERT_PATH",
    );

    // A client's certificate, as good as any: it is the other side's that is at fault.
    let folder = tempfile::tempdir().unwrap();
    for name in ["ca.pem", "cert.pem"] {
        fs::copy(certificate(), folder.path().join(name)).unwrap();
    }
    let key = certificate().with_file_name("server.key");
    fs::copy(key, folder.path().join("key.pem")).unwrap();
    // One side speaks TLS, the other does not.
    let unequal = tls(&host, Some(folder.path()));
    assert_fails(
        &unequal,
        "no container engine answers",
        "both sides use TLS",
    );
    let behind = Server::start("200 OK", &[]);
    let front = HttpsFront::start(behind.address().parse().unwrap());
    let plainly = at(&format!("tcp://{}", front.address));
    assert_fails(
        &plainly,
        "no container engine answers",
        "both sides use TLS",
    );
    // The engine's certificate is of an authority that the client does not know.
    make_authority(&folder.path().join("ca.pem"));
    let unknown = tls(&format!("tcp://{}", front.address), Some(folder.path()));
    assert_fails(&unknown, "certificate", "ca.pem is the authority");
}

/// Writes the certificate of an authority that nobody has heard of.
fn make_authority(file: &Path) {
    let key = file.with_extension("key");
    let words = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=nobody",
    ];
    let made = installed("openssl")
        .args(words)
        .arg("-keyout")
        .arg(key)
        .arg("-out")
        .arg(file)
        .output();
    let made = made.expect("openssl is needed by this test");
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
}
