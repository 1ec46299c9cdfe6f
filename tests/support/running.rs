//! A command while it runs: what it said so far, signals to it, and its end.

use std::io::Read;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::command::Finished;

/// How often a thing that tells nobody of its change is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// A command that was started. What it writes is read at once, so that it never waits for its reader. A test that
/// panics ends it.
pub struct Running {
    child: Child,
    stdout: Stream,
    stderr: Stream,
}

/// A stream of a command, read by a thread of its own.
struct Stream(Arc<Heard>);

#[derive(Default)]
struct Heard {
    text: Mutex<Text>,
    changed: Condvar,
}

#[derive(Default)]
struct Text {
    bytes: Vec<u8>,
    ended: bool,
}

impl Running {
    /// Starts `command` with its output in pipes.
    pub fn start(command: &mut Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the command starts");
        let stdout = Stream::read(child.stdout.take().expect("stdout is piped"));
        let stderr = Stream::read(child.stderr.take().expect("stderr is piped"));
        Self {
            child,
            stdout,
            stderr,
        }
    }

    /// Starts `command` with standard input, which is given, in a pipe as well.
    pub fn with_input(command: &mut Command) -> (Self, ChildStdin) {
        let mut run = Self::start(command.stdin(Stdio::piped()));
        let pipe = run.child.stdin.take().expect("stdin is piped");
        (run, pipe)
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until standard error holds `text`; panics when it ends without.
    #[track_caller]
    pub fn until_says(&self, text: &str) {
        let said = self.stderr.until(|said| said.contains(text));
        said.unwrap_or_else(|said| panic!("it ended without {text:?}:\n{said}"));
    }

    /// Waits until standard output has so many lines; panics when it ends with fewer.
    #[track_caller]
    pub fn until_lines(&self, count: usize) {
        let printed = self
            .stdout
            .until(|text| text.matches('\n').count() >= count);
        printed.unwrap_or_else(|text| panic!("it ended before line {count}:\n{text}"));
    }

    /// Waits until standard output holds `text`; panics when it ends without.
    #[track_caller]
    pub fn until_prints(&self, text: &str) {
        let printed = self.stdout.until(|printed| printed.contains(text));
        printed.unwrap_or_else(|printed| panic!("it ended without {text:?}:\n{printed}"));
    }

    /// How many lines standard output has so far.
    pub fn lines(&self) -> usize {
        self.stdout.so_far().matches('\n').count()
    }

    /// Waits until something happened; panics when the command ends without.
    #[track_caller]
    pub fn until(&mut self, mut happened: impl FnMut() -> bool) {
        while !happened() {
            // Looked at once more after the end: it may have been the last thing that the command did.
            let over = self.has_ended() && !happened();
            assert!(!over, "it ended before that:\n{}", self.stderr.whole());
            thread::sleep(LOOK);
        }
    }

    /// Whether standard error holds `text` so far.
    pub fn has_said(&self, text: &str) -> bool {
        self.stderr.so_far().contains(text)
    }

    /// Whether it is over.
    pub fn has_ended(&mut self) -> bool {
        let ended = self.child.try_wait().expect("a child of this process");
        ended.is_some()
    }

    /// Sends a signal.
    #[track_caller]
    pub fn send(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the process is there");
    }

    /// Kills it without mercy.
    #[track_caller]
    pub fn kill(self) {
        self.send(Signal::KILL);
        assert_eq!(self.finish().code, None);
    }

    /// Waits for its end.
    pub fn finish(mut self) -> Finished {
        let status = self.child.wait().expect("the command ends");
        Finished {
            code: status.code(),
            stdout: self.stdout.whole(),
            stderr: self.stderr.whole(),
        }
    }
}

/// Waits until one of two runs waits for the other.
#[track_caller]
pub fn until_one_waits([one, other]: &mut [Running; 2]) {
    const WAITS: &str = "note: waiting for run ";
    while !one.has_said(WAITS) && !other.has_said(WAITS) {
        assert!(!one.has_ended() && !other.has_ended(), "neither waits");
        thread::sleep(LOOK);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Neither does anything to a command that was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Stream {
    fn read(mut from: impl Read + Send + 'static) -> Self {
        let heard = Arc::new(Heard::default());
        let here = Arc::clone(&heard);
        thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                let mut text = here.text.lock().unwrap();
                text.bytes.extend_from_slice(&buffer[..count]);
                here.changed.notify_all();
            }
            here.text.lock().unwrap().ended = true;
            here.changed.notify_all();
        });
        Self(heard)
    }

    /// Waits until what came is enough; what came until the end when it never is.
    fn until(&self, enough: impl Fn(&str) -> bool) -> Result<(), String> {
        let mut text = self.0.text.lock().unwrap();
        loop {
            let so_far = String::from_utf8_lossy(&text.bytes);
            if enough(&so_far) {
                return Ok(());
            }
            if text.ended {
                return Err(so_far.into_owned());
            }
            text = self.0.changed.wait(text).unwrap();
        }
    }

    /// What came until the end.
    fn whole(&self) -> String {
        self.until(|_| false).err().unwrap_or_default()
    }

    fn so_far(&self) -> String {
        let text = self.0.text.lock().unwrap();
        String::from_utf8_lossy(&text.bytes).into_owned()
    }
}
