//! Which credentials are sent to a registry: those that the docker command would send, and none where it would take any.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::place::{BUILD, Place, good_script};
use crate::support::command::Finished;
use crate::support::scripted_engine::{Pull, Script};

const PRIVATE: &str = "private.example.com/team/toolchain:1";
const HUB: &str = "team/toolchain:1";

/// Builds in that image with that configuration of docker's; what was sent with the pull, and how the build ended.
fn sent(image: &str, config: &str, variables: &[(&str, &str)]) -> (Value, Finished) {
    let pulls = [PRIVATE, HUB].map(|name| (name.to_owned(), Pull::Succeeds));
    let place = Place::with(Script {
        images: Vec::new(),
        pulls: pulls.into(),
        ..good_script()
    });
    place.workplace.write("home/.docker/config.json", config);
    let words = &["--image-name", image];
    let mut build = place.command(&[&BUILD[..], words].concat());
    build.envs(variables.iter().copied());
    let finished = Finished::from(build.output().expect("the command starts"));
    let requests = place.engine.requests();
    let pull = requests.iter().find(|asked| asked.is("/images/create"));
    let credentials = pull.map(|pull| pull.credentials.clone());
    (credentials.unwrap_or_default(), finished)
}

fn basic(pair: &str) -> Value {
    json!({"auth": STANDARD.encode(pair)})
}

#[test]
fn an_entry_is_taken_by_its_exact_name_or_as_the_only_one_of_its_host() {
    let config = json!({"auths": {
        "https://private.example.com/v1/": basic("me:of-the-host"),
        "other.example.com": basic("you:x"),
        "https://index.docker.io/v1/": basic("hub:right"),
        "https://index.docker.io/v1/refresh-token": basic("hub:token"),
        "https://index.docker.io/v1/access-token": basic("hub:access"),
    }});
    let (credentials, finished) = sent(PRIVATE, &config.to_string(), &[]);
    assert_eq!(credentials["password"], "of-the-host");
    finished.code(0).says("note: using the credentials for private.example.com from entry https://private.example.com/v1/ of ");
    let (credentials, _) = sent(HUB, &config.to_string(), &[]);
    assert_eq!(credentials["password"], "right");
}

#[test]
fn of_several_entries_for_a_host_none_is_taken() {
    let config = json!({"auths": {
        "private.example.com/team-a": basic("a:secret-a"),
        "private.example.com/team-b": basic("b:secret-b"),
    }});
    let (credentials, finished) = sent(PRIVATE, &config.to_string(), &[]);
    assert_eq!(credentials, Value::Null);
    finished.code(0).says("warning: pulling from private.example.com without credentials: the entries private.example.com/team-a, private.example.com/team-b of ");
}

#[test]
fn programs_are_asked_as_docker_asks_them() {
    let programs = tempfile::tempdir().expect("a folder");
    let program = |name: &str, script: &str| {
        let path = programs.path().join(format!("docker-credential-{name}"));
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a program");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a mode");
    };
    program(
        "ecr",
        r#"[ "$1 $(cat)" = "get private.example.com" ] && echo '{"ServerURL": "x", "Username": "AWS", "Secret": "of-ecr"}'"#,
    );
    program(
        "store",
        r#"cat >&2; echo '{"Username": "<token>", "Secret": "of-the-store"}'"#,
    );
    program(
        "none",
        "echo credentials not found in native keychain; exit 1",
    );
    program("broken", "echo hunter2; echo hunter2 >&2; exit 1");
    program("noise", "echo hunter2");
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", programs.path().display());
    let variables = [("PATH", path.as_str())];
    let entries = json!({"private.example.com": basic("me:of-the-file")});

    let config = json!({"auths": entries, "credsStore": "store", "credHelpers": {"private.example.com": "ecr"}});
    let (credentials, finished) = sent(PRIVATE, &config.to_string(), &variables);
    assert_eq!(
        (&credentials["username"], &credentials["password"]),
        (&json!("AWS"), &json!("of-ecr"))
    );
    finished.says("from the program docker-credential-ecr");

    let config = json!({"auths": entries, "credsStore": "store"});
    let (credentials, _) = sent(PRIVATE, &config.to_string(), &variables);
    assert_eq!(credentials["identitytoken"], "of-the-store");

    // A helper without a name is the file.
    let config = json!({"auths": entries, "credsStore": "store", "credHelpers": {"private.example.com": ""}});
    let (credentials, _) = sent(PRIVATE, &config.to_string(), &variables);
    assert_eq!(credentials["password"], "of-the-file");

    let none = json!({"credsStore": "none"});
    let (credentials, finished) = sent(PRIVATE, &none.to_string(), &variables);
    assert_eq!(credentials, Value::Null);
    assert!(
        !finished.stderr.contains("credentials"),
        "{}",
        finished.stderr
    );

    for (name, problem) in [
        ("broken", "docker-credential-broken failed"),
        (
            "noise",
            "docker-credential-noise gave an answer that is not valid",
        ),
        (
            "missing",
            "docker-credential-missing could not be run: No such file",
        ),
        (
            "../x",
            "docker-credential-../x is not the name of a program",
        ),
    ] {
        let config = json!({"credsStore": name});
        let (credentials, finished) = sent(PRIVATE, &config.to_string(), &variables);
        assert_eq!(credentials, Value::Null);
        let warning = "warning: pulling from private.example.com without credentials: ";
        let finished = finished.code(0).says(&format!("{warning}{problem}"));
        assert!(!finished.stderr.contains("hunter2"), "{}", finished.stderr);
    }
}

#[test]
fn a_variable_comes_before_the_file_and_empty_files_have_nothing() {
    let variable =
        json!({"auths": {"private.example.com": basic("ci:of-the-variable")}}).to_string();
    let variables = [("DOCKER_AUTH_CONFIG", variable.as_str())];
    let config = json!({"auths": {"private.example.com": basic("me:of-the-file")}}).to_string();
    let (credentials, finished) = sent(PRIVATE, &config, &variables);
    assert_eq!(credentials["password"], "of-the-variable");
    finished.says("of DOCKER_AUTH_CONFIG");
    for empty in [
        "",
        " \n",
        "null",
        "{}",
        r#"{"auths": null}"#,
        r#"{"auths": {"private.example.com": null}}"#,
    ] {
        let (credentials, finished) = sent(PRIVATE, empty, &[]);
        assert_eq!(credentials, Value::Null, "{empty}");
        finished.code(0);
    }
    for malformed in [
        r#"{"auths": {"private.example.com": {"auth": "hunter2!"}}}"#,
        r#"{"auths": {"private.example.com": "hunter2"}}"#,
        "hunter2",
    ] {
        let (_, finished) = sent(PRIVATE, malformed, &[]);
        let finished = finished
            .code(12)
            .says("could not read the registry credentials in ");
        assert!(!finished.stderr.contains("hunter2"), "{}", finished.stderr);
    }
}
