//! What the tool does where it has started itself.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use rustix::process::{WaitOptions, getpid, set_child_subreaper, wait};

use super::jobs;
use super::keeper::keep_container;
use super::mounts::{hide_unified, own_mounts};
use super::namespace::{enter, join, map};
use super::words::{EXECUTE, HIDING, INSIDE, KEEP, KEEPER, MAPPED, MAPPING, PROBE, REAPING};

/// Keeps a container, or works for one, if this process was started for that: a program that uses [`super::connect_runtime`]
/// calls this before anything else, above all before it starts threads. `None` if it was not; otherwise the exit code.
pub fn keep(arguments: &[OsString]) -> Option<u8> {
    let [name, words @ ..] = arguments else {
        return None;
    };
    if name != KEEPER {
        return None;
    }
    Some(match words {
        [word, words @ ..] if word == MAPPING => map(words),
        [word, users, groups, words @ ..] if word == MAPPED => {
            work(enter(users, groups), words, true)
        }
        [word, process, words @ ..] if word == INSIDE => work(join(process), words, true),
        words => work(Ok(()), words, false),
    })
}

/// Does what the words say. `ready` says whether this process is where it should be.
fn work(ready: io::Result<()>, words: &[OsString], in_user_namespace: bool) -> u8 {
    match words {
        [word, session] if word == KEEP => {
            keep_container(Path::new(session), ready, in_user_namespace)
        }
        [word, how, program, words @ ..] if word == REAPING => {
            let ready = if how == HIDING {
                ready
                    .and_then(|()| own_mounts())
                    .and_then(|()| hide_unified())
            } else {
                ready
            };
            let ran = ready.and_then(|()| run_and_reap(program, words));
            ran.unwrap_or_else(|error| {
                let text = format!("could not run {}: {error}", program.display());
                exit_code(Err(io::Error::other(text)))
            })
        }
        [word] if word == PROBE => exit_code(ready.and_then(|()| own_mounts())),
        [word, program, words @ ..] if word == EXECUTE => become_program(ready, program, words),
        [word, program, words @ ..] if word == HIDING => {
            let ready = ready
                .and_then(|()| own_mounts())
                .and_then(|()| hide_unified());
            become_program(ready, program, words)
        }
        [word, places @ ..] => jobs::answer(ready, word, places),
        [] => 1,
    }
}

fn become_program(ready: io::Result<()>, program: &OsString, words: &[OsString]) -> u8 {
    let error = match ready {
        // It returns only with an error.
        Ok(()) => Command::new(program).args(words).exec(),
        Err(error) => error,
    };
    let text = format!("could not run {}: {error}", program.display());
    exit_code(Err(io::Error::other(text)))
}

fn exit_code(done: io::Result<()>) -> u8 {
    match done {
        Ok(()) => 0,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            1
        }
    }
}

/// How often, and how long apart, what a program has left behind is looked at.
const LOOKS: usize = 160;
const PAUSE: Duration = Duration::from_micros(250);

/// Runs a program, and waits for it and then, for a moment, for the end of what it has left behind. Returns the exit code as a
/// shell has it.
fn run_and_reap(program: &OsString, words: &[OsString]) -> io::Result<u8> {
    set_child_subreaper(Some(getpid()))?;
    let status = Command::new(program).args(words).status()?;
    for _ in 0..LOOKS {
        match wait(WaitOptions::NOHANG) {
            Ok(Some(_)) => {}
            Ok(None) => thread::sleep(PAUSE),
            // There is nothing left.
            Err(_) => break,
        }
    }
    let signal = status.signal().map(|signal| 128 + signal);
    let code = status.code().or(signal).unwrap_or(1);
    Ok(u8::try_from(code).unwrap_or(1))
}
