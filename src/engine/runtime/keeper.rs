//! The process that keeps a container: everything that is mounted for it is mounted in a namespace of this process, and gone
//! with it. It ends the container as soon as the tool is gone, however the tool ended.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, getpid, pidfd_open, pidfd_send_signal,
    set_child_subreaper, waitpid,
};
use serde::{Deserialize, Serialize};

use super::cgroups::Counters;
use super::log::{last_words, log};
use super::mounts::{hide_unified, make_root, own_mounts};
use crate::regular_file;

/// What a keeper writes on its standard output, once.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Said {
    /// The container runs; its main process on this machine.
    Ready { process: i32 },
    /// It does not.
    Failed { what: String, reason: String },
}

/// What a keeper does, in a file in the session's directory.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Task {
    /// The runtime and the options that it always has.
    pub runtime: Vec<OsString>,
    /// Name of the container.
    pub container: String,
    /// Whether the runtime must not see the second version of cgroups, which is mounted beside the first one.
    pub hides_unified: bool,
    /// Whether the container has cgroups of its own, which count what it uses.
    pub has_cgroups: bool,
    /// Seconds after which it ends.
    pub lifetime: u64,
}

/// Why a container ended: the exit code of its keeper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The tool ended it, or is gone.
    Told = 0,
    /// It never ran.
    Failed = 1,
    /// Its time was over.
    Lifetime = 10,
    /// Its main process ended.
    ByItself = 11,
    /// The kernel killed its main process for lack of memory.
    OutOfMemory = 12,
}

impl End {
    /// The end that an exit code tells of.
    pub(super) fn of(code: Option<i32>) -> Self {
        match code {
            Some(0) => Self::Told,
            Some(1) => Self::Failed,
            Some(10) => Self::Lifetime,
            Some(12) => Self::OutOfMemory,
            _ => Self::ByItself,
        }
    }
}

/// Written to a keeper before its standard input is closed: the container is kept, up to the end of its lifetime.
pub(super) const STAY: u8 = b'k';
/// Name of the file with the task in a session's directory.
pub(super) const TASK: &str = "task.json";
/// Name of the file that is locked for as long as a session's keeper lives.
pub(super) const LOCK: &str = "lock";
/// How long the end of a container that was killed is waited for before the runtime is asked to see to it.
const LONGEST_END: Duration = Duration::from_secs(10);
/// Largest of these files in bytes.
const LARGEST: u64 = 1 << 20;

struct Failure {
    what: String,
    reason: String,
}

fn failed(what: &str) -> impl FnOnce(io::Error) -> Failure {
    let what = what.to_owned();
    move |error| Failure {
        what,
        reason: error.to_string(),
    }
}

fn say(said: &Said) {
    // If nobody reads it, the tool is gone, and the end of standard input says so as well.
    if let Ok(text) = serde_json::to_string(said) {
        let _ = writeln!(io::stdout(), "{text}");
    }
}

/// Keeps the container of the session in that directory until its end, and tells the tool of its beginning. `ready` says
/// whether this process is where it should be. Returns the exit code.
pub(super) fn keep_container(session: &Path, ready: io::Result<()>, in_user_namespace: bool) -> u8 {
    let kept = ready
        .map_err(failed("make a user namespace"))
        .and_then(|()| keep_in(session, in_user_namespace));
    match kept {
        Ok(end) => end as u8,
        Err(Failure { what, reason }) => {
            say(&Said::Failed { what, reason });
            End::Failed as u8
        }
    }
}

fn keep_in(session: &Path, in_user_namespace: bool) -> Result<End, Failure> {
    std::env::set_current_dir(session).map_err(failed("enter its directory"))?;
    let lock = File::create(LOCK).and_then(|file| {
        file.lock()?;
        Ok(file)
    });
    let _lock = lock.map_err(failed("lock its directory"))?;
    let task = regular_file::read(Path::new(TASK), LARGEST).map_err(failed("read its task"))?;
    let task: Task = serde_json::from_slice(&task)
        .map_err(|error| failed("read its task")(io::Error::other(error)))?;
    let started = Instant::now();
    set_child_subreaper(Some(getpid()))
        .map_err(|error| failed("adopt its processes")(error.into()))?;
    own_mounts().map_err(failed("make a namespace for mounts"))?;
    if task.hides_unified {
        hide_unified().map_err(failed("hide a part of the cgroups"))?;
    }
    make_root(in_user_namespace).map_err(failed("make its root file system"))?;
    let container = Container { task };
    let (tell, told) = channel();
    let watching = {
        let tell = tell.clone();
        std::thread::Builder::new().spawn(move || listen_to_the_tool(&tell))
    };
    watching.map_err(failed("watch the tool"))?;
    let process = container.start().inspect_err(|_| container.remove())?;
    // Nobody else has its number before it is waited for.
    let main = Pid::from_raw(process).map(|process| pidfd_open(process, PidfdFlags::empty()));
    // Without its own, those that it is in are of others as well.
    let has_cgroups = container.task.has_cgroups;
    let counters = if has_cgroups {
        Counters::of(process)
    } else {
        Counters::default()
    };
    let waiting = std::thread::Builder::new().spawn(move || wait_for(process, &tell));
    waiting
        .map_err(failed("watch the container"))
        .inspect_err(|_| container.remove())?;
    say(&Said::Ready { process });
    let mut end = container.until_its_end(&told, started);
    if end == End::ByItself && counters.memory_kills().is_some_and(|kills| kills > 0) {
        end = End::OutOfMemory;
    }
    if let Some(Ok(main)) = main {
        kill(&main, &told);
    }
    container.remove();
    Ok(end)
}

/// What happens to a keeper.
enum Event {
    /// The tool ended the session, or is gone.
    Over,
    /// The tool is done, and the container is kept.
    Stay,
    /// The main process of the container has ended.
    Ended,
}

fn listen_to_the_tool(tell: &Sender<Event>) {
    let mut word = [0; 1];
    let event = loop {
        match io::stdin().lock().read(&mut word) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(1) if word == [STAY] => break Event::Stay,
            Ok(0) | Err(_) => break Event::Over,
            Ok(_) => {}
        }
    };
    let _ = tell.send(event);
}

fn wait_for(process: i32, tell: &Sender<Event>) {
    let process = Pid::from_raw(process);
    while let Err(Errno::INTR) = waitpid(process, WaitOptions::empty()) {}
    let _ = tell.send(Event::Ended);
}

/// Kills the main process of a container, and everything with it, and waits for its end: runc would look for that in steps of
/// a tenth of a second.
fn kill(main: &OwnedFd, told: &Receiver<Event>) {
    let killed = pidfd_send_signal(main, Signal::KILL);
    // What has ended cannot be killed.
    while killed.is_ok() && !matches!(told.recv_timeout(LONGEST_END), Ok(Event::Ended) | Err(_)) {}
}

struct Container {
    task: Task,
}

impl Container {
    fn runtime(&self) -> Command {
        let (program, options) = match self.task.runtime.as_slice() {
            [program, options @ ..] => (program.clone(), options),
            [] => (OsString::new(), [].as_slice()),
        };
        let mut command = Command::new(program);
        command
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }

    fn run(&self, words: &[&str]) -> io::Result<ExitStatus> {
        self.runtime().args(words).stderr(log()?).status()
    }

    /// Starts the container; its main process. In two steps: after `run --detach` crun's process may still be on its way into the
    /// container, and who looks for its root then finds that of the host.
    fn start(&self) -> Result<i32, Failure> {
        let name = self.task.container.as_str();
        let steps: [&[&str]; 2] = [
            &["create", "--bundle", ".", "--pid-file", "process", name],
            &["start", name],
        ];
        for step in steps {
            let status = self.run(step).map_err(failed("run the runtime"))?;
            if !status.success() {
                return Err(Failure {
                    what: format!("{} it", step[0]),
                    reason: last_words(),
                });
            }
        }
        let number = fs::read_to_string("process").map_err(failed("find its main process"))?;
        number
            .trim()
            .parse()
            .map_err(|error| failed("find its main process")(io::Error::other(error)))
    }

    fn until_its_end(&self, told: &Receiver<Event>, started: Instant) -> End {
        let lifetime = Duration::from_secs(self.task.lifetime);
        loop {
            let left = lifetime.saturating_sub(started.elapsed());
            match told.recv_timeout(left) {
                Ok(Event::Over) | Err(RecvTimeoutError::Disconnected) => return End::Told,
                // The tool's own end must not end it.
                Ok(Event::Stay) => {}
                // Its main process sleeps for its lifetime.
                Ok(Event::Ended) if started.elapsed() >= lifetime => return End::Lifetime,
                Ok(Event::Ended) => return End::ByItself,
                Err(RecvTimeoutError::Timeout) => return End::Lifetime,
            }
        }
    }

    /// Ends everything in the container and removes what the runtime made for it.
    fn remove(&self) {
        // Whoever finds it later removes what is left now.
        let _ = self.run(&["delete", "--force", &self.task.container]);
    }
}

/// Where a session has the root file system of its image.
pub(super) fn lower(session: &Path) -> PathBuf {
    session.join("lower")
}
