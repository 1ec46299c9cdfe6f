//! The server: socket, connections, and what a test may ask and change.

use std::collections::BTreeMap;
use std::io::{self, BufReader};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;

use super::answer::answer;
use super::http::{Request, read_request};
use super::script::Script;
use super::state::{Container, State};

/// How often a thing that tells nobody of its change is looked at.
pub const LOOK: Duration = Duration::from_millis(5);

/// A played engine; ends with the test's process.
pub struct ScriptedEngine {
    state: Arc<Mutex<State>>,
    folder: TempDir,
}

impl ScriptedEngine {
    /// Starts to listen.
    pub fn start(script: Script) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let listener = UnixListener::bind(folder.path().join("engine.sock")).expect("a socket");
        let state = Arc::new(Mutex::new(State {
            script,
            ..State::default()
        }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                // A connection that the other side breaks is no concern of the engine's.
                std::thread::spawn(move || drop(serve(&stream, &state)));
            }
        });
        Self { state, folder }
    }

    /// The address, as `DOCKER_HOST` holds it.
    pub fn address(&self) -> String {
        format!("unix://{}/engine.sock", self.folder.path().display())
    }

    /// Changes the script.
    pub fn change(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.state.lock().unwrap().script);
    }

    /// Everything that was asked so far.
    pub fn requests(&self) -> Vec<Request> {
        self.state.lock().unwrap().requests.clone()
    }

    /// Names of the containers that are there.
    pub fn containers_left(&self) -> Vec<String> {
        let state = self.state.lock().unwrap();
        let names = state.containers.values().map(|it| it.name.clone());
        names.collect()
    }

    /// Puts a container there that nobody asked for, made so many seconds ago.
    pub fn add_container(&self, name: &str, age: i64, running: bool, labels: &[(&str, &str)]) {
        let mut state = self.state.lock().unwrap();
        let id = state.next_id();
        let labels: BTreeMap<_, _> = labels
            .iter()
            .map(|&(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        let container = Container {
            name: name.to_owned(),
            labels,
            running,
            exit_code: 0,
            age,
        };
        state.containers.insert(id, container);
    }

    /// Removes a container as `docker rm` does.
    pub fn forget_container(&self, name: &str) {
        let mut state = self.state.lock().unwrap();
        state
            .containers
            .retain(|_, container| container.name != name);
    }

    /// Lets everybody in again after the engine went away.
    pub fn come_back(&self) {
        self.state.lock().unwrap().gone = false;
    }

    /// Whether a command that holds `text` runs now.
    pub fn is_running(&self, text: &str) -> bool {
        let state = self.state.lock().unwrap();
        let mut execs = state.execs.iter();
        execs.any(|exec| {
            let open = exec.started && exec.exit_code.is_none();
            open && exec.command.contains(text) && state.containers.contains_key(&exec.container)
        })
    }

    /// Whether a request was made whose method and path hold `text`.
    pub fn was_asked(&self, text: &str) -> bool {
        self.state.lock().unwrap().was_asked(text)
    }
}

impl Drop for ScriptedEngine {
    fn drop(&mut self) {
        let Ok(mut state) = self.state.lock() else {
            return;
        };
        state.gone = true;
        for connection in state.connections.drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
        assert!(
            std::thread::panicking() || state.not_understood.is_empty(),
            "the scripted engine lacks {:?}",
            state.not_understood
        );
    }
}

/// Whether the script leaves a request without an answer for now.
fn is_held(request: &Request, state: &State) -> bool {
    let held = state.script.unanswered;
    !state.gone && held.is_some_and(|text| request.is(text))
}

fn serve(stream: &UnixStream, state: &Mutex<State>) -> io::Result<()> {
    {
        let mut state = state.lock().unwrap();
        if state.gone {
            return stream.shutdown(Shutdown::Both);
        }
        state.connections.push(stream.try_clone()?);
    }
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream.try_clone()?;
    while let Some(request) = read_request(&mut reader)? {
        state.lock().unwrap().requests.push(request.clone());
        while is_held(&request, &state.lock().unwrap()) {
            std::thread::sleep(LOOK);
        }
        if !answer(&request, state, &mut writer)? {
            break;
        }
    }
    stream.shutdown(Shutdown::Both)
}
