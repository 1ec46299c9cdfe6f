//! What the tool does where it has started itself.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use super::jobs;
use super::keeper::keep_container;
use super::mounts::{hide_unified, own_mounts};
use super::namespace::{enter, join, map};
use super::words::{EXECUTE, HIDING, INSIDE, KEEP, KEEPER, MAPPED, MAPPING, PROBE};

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
