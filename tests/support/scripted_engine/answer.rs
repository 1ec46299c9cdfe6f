//! The answers to requests that are answered at once.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::sync::Mutex;

use serde_json::{Value, json};

use super::http::{Request, respond};
use super::script::{Refusal, Script};
use super::state::{Container, ENGINE_DATE, Exec, State};
use super::{images, steps};
use crate::support::archive::bytes_of;

/// The header by which the engine tells what a path in a container is, for a folder; the value is base64 of JSON.
const PATH_IS_FOLDER: &str = "eyJuYW1lIjoic3JjIiwic2l6ZSI6NDA5NiwibW9kZSI6MjE0NzQ4NDE0MSwibXRpbWUiOiIyMDIwLTAxLTAxVDAwOjAwOjAwWiIsImxpbmtUYXJnZXQiOiIifQ==";

/// Answers a request; false when the connection is over.
pub fn answer(
    request: &Request,
    state: &Mutex<State>,
    writer: &mut UnixStream,
) -> io::Result<bool> {
    let path: Vec<&str> = request.path.trim_start_matches('/').split('/').collect();
    let done = match (request.method.as_str(), path.as_slice()) {
        ("GET", ["_ping"]) => say(writer, 200, &json!("OK")),
        ("GET", ["version"]) => say(writer, 200, &version(state.lock().unwrap().script.podman)),
        ("GET", ["info"]) => {
            let memory = 8_u64 << 30;
            let cgroups = if state.lock().unwrap().script.unified_cgroups {
                "2"
            } else {
                "1"
            };
            let info = json!({
                "MemTotal": memory, "NCPU": 2, "CgroupVersion": cgroups, "SystemTime": ENGINE_DATE,
            });
            say(writer, 200, &info)
        }
        ("GET", ["networks", "bridge"]) => say(writer, 200, &json!({"Name": "bridge"})),
        ("GET", ["images", "json"]) => say(writer, 200, &json!([])),
        ("GET", ["volumes"]) => say(writer, 200, &json!({"Volumes": [], "Warnings": []})),
        ("POST", ["volumes", "create"]) => say(writer, 201, &volume(request)),
        ("GET", ["images", name @ .., "json"]) => images::inspect(&name.join("/"), state, writer),
        ("POST", ["images", "create"]) => return images::pull(request, state, writer),
        ("POST", ["build"]) => images::build(request, state, writer),
        ("POST", ["images", "load"]) => images::load(state, writer),
        ("POST", ["images", name @ .., "tag"]) => {
            images::tag(&name.join("/"), request, state, writer)
        }
        ("GET", ["containers", "json"]) => {
            let list = state.lock().unwrap().list();
            say(writer, 200, &list)
        }
        ("POST", ["containers", "create"]) => create(request, state, writer),
        ("POST", ["containers", id, "start"]) => start(id, state, writer),
        ("GET", ["containers", id, "json"]) => inspect(id, state, writer),
        ("GET", ["containers", _, "stats"]) => say(
            writer,
            200,
            &json!({
                "cpu_stats": {"cpu_usage": {"total_usage": 1_500_000_000_u64}},
                "memory_stats": {"usage": 8 << 20, "stats": {"inactive_file": 1 << 20}},
            }),
        ),
        ("DELETE", ["containers", id]) => remove(id, state, writer),
        ("HEAD", ["containers", _, "archive"]) => write!(
            writer,
            "HTTP/1.1 200 OK\r\nX-Docker-Container-Path-Stat: {PATH_IS_FOLDER}\r\nContent-Length: 0\r\n\r\n"
        ),
        ("PUT", ["containers", _, "archive"]) => match refusal(state, |script| &script.upload) {
            Some(refusal) => refuse(writer, &refusal),
            None => respond(writer, 200, b""),
        },
        ("GET", ["containers", _, "archive"]) => download(request.asks("path"), state, writer),
        ("POST", ["containers", id, "exec"]) => exec(id, request, state, writer),
        ("POST", ["exec", id, "start"]) => return steps::run(id, state, writer).map(|()| false),
        ("GET", ["exec", id, "json"]) => exec_state(id, state, writer),
        (method, _) => {
            let unknown = format!("{method} {}", request.path);
            state.lock().unwrap().not_understood.push(unknown);
            missing(writer, "page not found")
        }
    };
    done.map(|()| true)
}

/// Answers with JSON.
pub fn say(writer: &mut impl Write, status: u16, value: &Value) -> io::Result<()> {
    respond(writer, status, value.to_string().as_bytes())
}

/// Answers with 404.
pub fn missing(writer: &mut impl Write, message: &str) -> io::Result<()> {
    say(writer, 404, &json!({"message": message}))
}

fn refusal(state: &Mutex<State>, of: impl Fn(&Script) -> &Option<Refusal>) -> Option<Refusal> {
    of(&state.lock().unwrap().script).clone()
}

fn refuse(writer: &mut impl Write, refusal: &Refusal) -> io::Result<()> {
    say(writer, refusal.status, &json!({"message": refusal.message}))
}

/// The engine's architecture, in Go's terms: that of this machine, whose compiler makes the outputs.
pub fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn version(podman: bool) -> Value {
    let name = if podman { "Podman Engine" } else { "Engine" };
    json!({
        "Version": "20.10.24",
        "ApiVersion": "1.41",
        "MinAPIVersion": "1.12",
        "Arch": architecture(),
        "Components": [{"Name": name, "Version": "20.10.24"}],
    })
}

fn volume(request: &Request) -> Value {
    let name = request.json()["Name"].clone();
    json!({
        "Name": name, "Driver": "local", "Mountpoint": "/volumes", "Labels": {}, "Scope": "local", "Options": {},
    })
}

fn create(request: &Request, state: &Mutex<State>, writer: &mut impl Write) -> io::Result<()> {
    if let Some(refusal) = refusal(state, |script| &script.create) {
        return refuse(writer, &refusal);
    }
    let id = {
        let mut state = state.lock().unwrap();
        let id = state.next_id();
        let labels: BTreeMap<String, String> =
            serde_json::from_value(request.json()["Labels"].clone()).unwrap_or_default();
        let container = Container {
            name: request.asks("name").to_owned(),
            labels,
            ..Container::default()
        };
        state.containers.insert(id.clone(), container);
        id
    };
    say(writer, 201, &json!({"Id": id, "Warnings": []}))
}

fn start(id: &str, state: &Mutex<State>, writer: &mut impl Write) -> io::Result<()> {
    if let Some(refusal) = refusal(state, |script| &script.start) {
        return refuse(writer, &refusal);
    }
    if let Some(container) = state.lock().unwrap().containers.get_mut(id) {
        container.running = true;
    }
    respond(writer, 204, b"")
}

fn inspect(id: &str, state: &Mutex<State>, writer: &mut impl Write) -> io::Result<()> {
    let found = state.lock().unwrap().containers.get(id).map(|container| {
        json!({
            "Id": id,
            "State": {
                "Running": container.running, "OOMKilled": false, "ExitCode": container.exit_code,
            },
        })
    });
    match found {
        Some(found) => say(writer, 200, &found),
        None => missing(writer, &format!("No such container: {id}")),
    }
}

fn remove(id: &str, state: &Mutex<State>, writer: &mut impl Write) -> io::Result<()> {
    if let Some(refusal) = refusal(state, |script| &script.remove) {
        return refuse(writer, &refusal);
    }
    match state.lock().unwrap().containers.remove(id) {
        Some(_) => respond(writer, 204, b""),
        None => missing(writer, &format!("No such container: {id}")),
    }
}

fn download(path: &str, state: &Mutex<State>, writer: &mut impl Write) -> io::Result<()> {
    let content = state.lock().unwrap().script.files.get(path).cloned();
    let Some(content) = content else {
        return missing(writer, &format!("Could not find the file {path}"));
    };
    let name = path.rsplit('/').next().unwrap_or(path);
    respond(writer, 200, &bytes_of(&[(name, 0o755, &content)]))
}

fn exec(
    id: &str,
    request: &Request,
    state: &Mutex<State>,
    writer: &mut impl Write,
) -> io::Result<()> {
    let command: Vec<String> =
        serde_json::from_value(request.json()["Cmd"].clone()).unwrap_or_default();
    let mut state = state.lock().unwrap();
    if !state.containers.contains_key(id) {
        return missing(writer, &format!("No such container: {id}"));
    }
    state.execs.push(Exec {
        container: id.to_owned(),
        command: command.join(" "),
        started: false,
        exit_code: None,
    });
    say(
        writer,
        201,
        &json!({"Id": (state.execs.len() - 1).to_string()}),
    )
}

fn exec_state(id: &str, state: &Mutex<State>, writer: &mut impl Write) -> io::Result<()> {
    let state = state.lock().unwrap();
    let known = id.parse().ok().and_then(|at: usize| state.execs.get(at));
    match known {
        Some(exec) if state.containers.contains_key(&exec.container) => say(
            writer,
            200,
            &json!({"ID": id, "Running": exec.exit_code.is_none(), "ExitCode": exec.exit_code}),
        ),
        _ => missing(writer, &format!("No such exec instance: {id}")),
    }
}
