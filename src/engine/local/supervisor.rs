//! The process between the tool and a step. Everything that a step starts ends with it, whatever it does to get away:
//! orphans become children of this process, which ends when none is left. It ends them as soon as the tool is gone, too.

use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{WaitOptions, getpid, set_child_subreaper, wait};

use super::namespace::leave_network;
use super::processes::kill_descendants;

/// The name by which the tool starts itself as a supervisor: the first word of the command line.
pub const SUPERVISOR: &str = "kmembuild-step";
/// Second word: nothing is started; says whether this process can be taken out of the network.
pub(super) const PROBE: &str = "probe";
/// Second word: the step has no network.
pub(super) const CUT: &str = "cut";
/// Second word: the step has the network of this process.
pub(super) const OPEN: &str = "open";

/// Exit code of a supervisor that cannot supervise.
const UNABLE: u8 = 125;
/// Exit code for a program that may not be run, as of a shell.
const NOT_EXECUTABLE: u8 = 126;
/// Exit code for a program that is not there, as of a shell.
const NOT_FOUND: u8 = 127;
/// Added to the number of the signal that ended a step.
const SIGNALLED: i32 = 128;
/// Pause before processes are looked for that were started while others were killed.
const AGAIN: Duration = Duration::from_millis(5);

/// Supervises a step, if this process was started for that: a program that uses [`super::connect_local`] calls this before
/// anything else, above all before it starts threads. `None` if it was not; otherwise the exit code.
pub fn supervise(arguments: &[OsString]) -> Option<u8> {
    let [name, mode, words @ ..] = arguments else {
        return None;
    };
    if name != SUPERVISOR {
        return None;
    }
    let unable = |what: &str, error: io::Error| {
        say(&format!("could not {what}: {error}"));
        UNABLE
    };
    if mode == PROBE {
        return Some(u8::from(leave_network().is_err()));
    }
    if mode == CUT
        && let Err(error) = leave_network()
    {
        return Some(unable("leave the network", error));
    }
    if let Err(error) = set_child_subreaper(Some(getpid())) {
        return Some(unable("supervise the step", error.into()));
    }
    let [program, words @ ..] = words else {
        return Some(unable("start a step", io::Error::other("there is none")));
    };
    let started = Command::new(program)
        .args(words)
        .stdin(Stdio::null())
        .process_group(0)
        .spawn();
    let child = match started {
        Ok(child) => child,
        Err(error) => {
            say(&format!("could not run {}: {error}", program.display()));
            return Some(match error.kind() {
                io::ErrorKind::NotFound => NOT_FOUND,
                _ => NOT_EXECUTABLE,
            });
        }
    };
    let own = getpid().as_raw_nonzero().get();
    let watching = std::thread::Builder::new().spawn(move || end_with_the_tool(own));
    if let Err(error) = watching {
        kill_all(own);
        return Some(unable("watch over the step", error));
    }
    Some(until_none_is_left(&child, own))
}

/// The tool holds the other end of standard input, and writes nothing: it closes it to stop the step, and when it dies.
fn end_with_the_tool(own: i32) {
    let mut nothing = [0; 16];
    loop {
        match io::stdin().lock().read(&mut nothing) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(1..) => {}
            Ok(0) | Err(_) => break,
        }
    }
    loop {
        // The other thread ends this process when none is left.
        kill_descendants(own);
        std::thread::sleep(AGAIN);
    }
}

/// Waits for the step, and then ends what it left running.
fn until_none_is_left(step: &Child, own: i32) -> u8 {
    let step = i32::try_from(step.id()).unwrap_or_default();
    let code = loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((id, status))) if id.as_raw_nonzero().get() == step => {
                let signalled = || status.terminating_signal().map(|signal| SIGNALLED + signal);
                break status.exit_status().or_else(signalled).unwrap_or(SIGNALLED);
            }
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => break SIGNALLED,
        }
    };
    kill_all(own);
    u8::try_from(code).unwrap_or(UNABLE)
}

/// Kills whatever is left, until there is nothing.
fn kill_all(own: i32) {
    loop {
        match wait(WaitOptions::NOHANG) {
            // Some are left that have not ended.
            Ok(None) => {
                kill_descendants(own);
                std::thread::sleep(AGAIN);
            }
            Ok(Some(_)) | Err(Errno::INTR) => {}
            Err(_) => return,
        }
    }
}

fn say(text: &str) {
    // If nobody reads it, nobody wants to know.
    let _ = writeln!(io::stderr(), "kmembuild: {text}");
}
