//! Commands in a scripted engine's containers.

use std::io::{self, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Mutex;

use super::answer::missing;
use super::script::{Ending, Step};
use super::server::LOOK;
use super::state::State;

/// How the tool asks the kernel for the processes that it ended for lack of memory.
const MEMORY_COUNTER: &str = "cat /sys/fs/cgroup";

/// Plays a command on its connection, up to the connection's end.
pub fn run(id: &str, state: &Mutex<State>, writer: &mut UnixStream) -> io::Result<()> {
    let Some(at) = begin(id, state) else {
        return missing(writer, &format!("No such exec instance: {id}"));
    };
    let step = step_of(at, state);
    writer.write_all(
        b"HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
    )?;
    for line in &step.lines {
        frame(writer, 1, line)?;
    }
    for line in &step.errors {
        frame(writer, 2, line)?;
    }
    let end = |code: i64| state.lock().unwrap().execs[at].exit_code = Some(code);
    match step.ending {
        Ending::Exit(code) => end(code),
        Ending::OutOfMemory => {
            state.lock().unwrap().memory_kills += 1;
            end(137);
        }
        Ending::Never => {
            while alive(at, state) {
                std::thread::sleep(LOOK);
            }
            end(137);
        }
        Ending::ConnectionBreaks(code) => {
            writer.shutdown(Shutdown::Both)?;
            let looked = format!("GET /exec/{id}/json");
            while alive(at, state) && !state.lock().unwrap().was_asked(&looked) {
                std::thread::sleep(LOOK);
            }
            end(code);
        }
        Ending::ContainerEnds(code) => {
            let mut state = state.lock().unwrap();
            let id = state.execs[at].container.clone();
            if let Some(container) = state.containers.get_mut(&id) {
                container.running = false;
                container.exit_code = code;
            }
        }
        Ending::EngineGoes => {
            let mut state = state.lock().unwrap();
            state.gone = true;
            for connection in state.connections.drain(..) {
                let _ = connection.shutdown(Shutdown::Both);
            }
        }
    }
    Ok(())
}

/// Marks a command as started and gives its place in the list.
fn begin(id: &str, state: &Mutex<State>) -> Option<usize> {
    let at: usize = id.parse().ok()?;
    state.lock().unwrap().execs.get_mut(at)?.started = true;
    Some(at)
}

fn step_of(at: usize, state: &Mutex<State>) -> Step {
    let state = state.lock().unwrap();
    let command = &state.execs[at].command;
    if command.starts_with(MEMORY_COUNTER) {
        let counter = format!("oom_kill {}", state.memory_kills);
        return Step::says(&["low 0", &counter], Ending::Exit(0));
    }
    let mut steps = state.script.steps.iter();
    steps
        .find(|(text, _)| command.contains(text.as_str()))
        .map_or_else(|| Step::ends(Ending::Exit(0)), |(_, step)| step.clone())
}

fn alive(at: usize, state: &Mutex<State>) -> bool {
    let state = state.lock().unwrap();
    !state.gone && state.containers.contains_key(&state.execs[at].container)
}

/// A piece of output, with the head that says of which stream.
fn frame(writer: &mut impl Write, stream: u8, line: &str) -> io::Result<()> {
    let length = u32::try_from(line.len() + 1).map_err(io::Error::other)?;
    writer.write_all(&[stream, 0, 0, 0])?;
    writer.write_all(&length.to_be_bytes())?;
    writeln!(writer, "{line}")?;
    writer.flush()
}
