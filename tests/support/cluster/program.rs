//! A long-running program in the namespaces of a cluster.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::namespaces::Namespaces;
use crate::support::processes::child_of;

/// How often something that tells nobody of its change is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// A program that can be ended and started again. What it writes is appended to its log. It ends with its namespaces.
pub struct Program {
    words: Vec<String>,
    namespaces: Namespaces,
    log: PathBuf,
    nsenter: Child,
}

impl Program {
    /// Starts `words`: a program and its arguments. The log is in `folder`.
    pub fn start(namespaces: Namespaces, folder: &Path, words: Vec<String>) -> Self {
        let name = Path::new(&words[0]).file_name().expect("a program's name");
        let log = folder.join(name).with_extension("log");
        let nsenter = start(namespaces, &words, &log);
        Self {
            words,
            namespaces,
            log,
            nsenter,
        }
    }

    /// Its process, as this machine numbers it.
    fn process(&self) -> Pid {
        let mut child = None;
        until("nsenter has started its program", || {
            child = child_of(self.nsenter.id());
            child.is_some()
        });
        let child = child.expect("looked for").cast_signed();
        Pid::from_raw(child).expect("no process has the number 0")
    }

    /// Sends a signal.
    pub fn send(&self, signal: Signal) {
        kill_process(self.process(), signal).expect("the program runs");
    }

    /// Kills it without mercy, and waits until it is gone.
    pub fn kill(&mut self) {
        if !self.has_ended() {
            self.send(Signal::KILL);
            self.nsenter.wait().expect("a child of this process");
        }
    }

    /// Starts it again, if it has ended.
    pub fn start_again(&mut self) {
        if self.has_ended() {
            self.nsenter = start(self.namespaces, &self.words, &self.log);
        }
    }

    /// Whether it is over.
    pub fn has_ended(&mut self) -> bool {
        let ended = self.nsenter.try_wait();
        ended.expect("a child of this process").is_some()
    }

    /// Waits until something is so; panics with the end of its log when the program ends before, or when it takes longer
    /// than anybody would wait.
    #[track_caller]
    pub fn until(&mut self, what: &str, is_so: impl Fn() -> bool) {
        let log = self.log.clone();
        until(what, || {
            assert!(!self.has_ended(), "{what}: it ended\n{}", end_of(&log));
            is_so()
        });
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // The program itself ends with its namespaces.
        let _ = self.nsenter.kill();
        let _ = self.nsenter.wait();
    }
}

fn start(namespaces: Namespaces, words: &[String], log: &Path) -> Child {
    let log = File::options().create(true).append(true).open(log);
    let log = log.expect("a log file");
    let errors = log.try_clone().expect("a second handle of the log file");
    namespaces
        .command(&words[0])
        .args(&words[1..])
        // Signals to the tests are for the tests.
        .process_group(0)
        .stdout(Stdio::from(log))
        .stderr(Stdio::from(errors))
        .spawn()
        .expect("nsenter starts")
}

/// Waits until something is so; panics when it takes longer than anybody would wait.
#[track_caller]
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..9000 {
        if is_so() {
            return;
        }
        thread::sleep(LOOK);
    }
    panic!("not within three minutes: {what}");
}

fn end_of(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    String::from_utf8_lossy(&text[text.len().saturating_sub(4000)..]).into_owned()
}
