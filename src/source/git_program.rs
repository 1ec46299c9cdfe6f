//! Asks the git program where libgit2 cannot do what git can: servers without `shallow` or with a shallow repository, plain
//! files over HTTP, SOCKS proxies, certificates of git's configuration, bundles. It also packs a commit of a repository of
//! this machine several times faster, because it copies what is packed already.
//!
//! The program need not be installed. It asks nobody for anything, is ended with everything it started when nobody waits for
//! it any more, and uses no other protocols than libgit2 does.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Read, Write as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use git2::{Oid, Repository};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::attempt::{Activity, Found, MirrorError};
use super::choice::{Choice, Listing, Revision};
use super::quarantine::Quarantine;
use super::remote::{commit_of, find_by_prefix, has_commit};

/// What libgit2 says where git may do better.
const BEYOND_LIBGIT2: [&str; 7] = [
    // A server of an old kind, or a cache.
    "shallow",
    // The repository there is itself shallow.
    "invalid packet line",
    // Plain files.
    "invalid content-type",
    // A SOCKS proxy.
    "unknown http scheme",
    "SSL certificate is invalid",
    "certificate is not",
    "unsupported URL protocol",
];
/// Longest output that is read, in bytes: the list of references; that of Kubernetes has 10 MB.
const MOST_OUTPUT: usize = 256 << 20;
/// Longest silence of the program when it is only asked for a list.
const LISTED_WITHIN: Duration = Duration::from_secs(30);
/// How much of what the program says of itself is kept, in bytes.
const KEPT: usize = 4 << 10;
/// Time between two looks at the program.
const LOOK: Duration = Duration::from_millis(20);
/// The same once it has closed its output, which it does when it ends.
const LAST_LOOK: Duration = Duration::from_millis(1);

/// Whether git may do what libgit2 could not.
pub(super) fn may_do_better(error: &git2::Error) -> bool {
    let message = error.message();
    BEYOND_LIBGIT2.iter().any(|part| message.contains(part))
}

/// Whether the program is there.
pub fn git_is_installed() -> bool {
    let mut command = Command::new("git");
    let command = command.arg("--version").stdin(Stdio::null());
    let asked = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}

/// Why the program did not do it.
#[derive(Debug)]
pub(super) enum Failure {
    /// It is not installed, or cannot be started.
    Missing,
    /// It failed: its last line.
    Said(String),
    /// Something else.
    Other(MirrorError),
}

impl From<MirrorError> for Failure {
    fn from(error: MirrorError) -> Self {
        Self::Other(error)
    }
}

impl From<git2::Error> for Failure {
    fn from(error: git2::Error) -> Self {
        Self::Other(error.into())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Other(error.into())
    }
}

/// Finds `wanted` at `url`, which may be the path of a bundle, and downloads it into a quarantine below the store at `store`.
/// `stall` is the longest time without a sign of life.
pub(super) fn fetch(
    url: &OsStr,
    wanted: &Revision,
    store: &Path,
    refresh: bool,
    stall: Duration,
    activity: &Arc<Activity>,
) -> Result<Found, Failure> {
    let quarantine = Quarantine::create(store)?;
    let git = Git {
        directory: quarantine.path(),
        stall,
        activity,
    };
    let text = git.run(&["ls-remote", "--"], &[url])?;
    let listing = listing(&text);
    let repository = || quarantine.repository();
    let (tag, tag_object, commit) = match wanted.choose(&listing)? {
        Choice::Listed { listed, tag } => {
            wanted.check_pin(listed.tag(), listed.commit)?;
            let tag_object = (listed.tag() == tag.as_deref()).then_some(listed.object);
            if !refresh && has_commit(store, listed.object) {
                return Ok(Found {
                    tag,
                    tag_object,
                    commit: listed.commit,
                    download: None,
                });
            }
            git.fetch_alone(url, &listed.name)?;
            let commit = commit_of(&repository()?, listed.object)?;
            wanted.check_pin(listed.tag(), commit)?;
            (tag, tag_object, commit)
        }
        Choice::Unlisted(commit) => {
            let alone = git.fetch_alone(url, &commit.to_string());
            if alone.is_err() || repository()?.find_commit(commit).is_err() {
                git.fetch_all(url)?;
            }
            let repository = repository()?;
            let found = repository.find_commit(commit);
            let commit = found.map_err(|_| MirrorError::CommitMissing)?.id();
            (wanted.pinned_tag(commit), None, commit)
        }
        Choice::Search => {
            git.fetch_all(url)?;
            let commit = find_by_prefix(&repository()?, wanted)?;
            (wanted.pinned_tag(commit), None, commit)
        }
    };
    if quarantine.has_no_packs()? {
        // Out of plain files come single objects.
        let object = tag_object.unwrap_or(commit).to_string();
        git.run(&["update-ref", "refs/tags/fetched"], &[object.as_ref()])?;
        git.run(&["repack", "-a", "-d", "-q"], &[])?;
    }
    quarantine.flush()?;
    Ok(Found {
        tag,
        tag_object,
        commit,
        download: Some(quarantine),
    })
}

/// Packs `object` out of the directory of objects of a repository of this machine, with its `commit` and everything in that,
/// into the quarantine. The configuration of that repository has no say in it.
pub(super) fn pack(
    objects: &Path,
    object: Oid,
    commit: Oid,
    quarantine: &Quarantine,
    stall: Duration,
    activity: &Arc<Activity>,
) -> Result<(), Failure> {
    let git = Git {
        directory: quarantine.path(),
        stall,
        activity,
    };
    // Without its history.
    fs::write(quarantine.path().join("shallow"), format!("{commit}\n"))?;
    let words = [
        // Deltas that are there are copied. To look for more, or to compress well, takes longer than it is worth.
        "-c",
        "pack.compression=1",
        "pack-objects",
        "--window=0",
        "--revs",
        "--delta-base-offset",
        "--progress",
        "objects/pack/pack",
    ];
    let mut command = git.command(&words, &[]);
    command.env("GIT_ALTERNATE_OBJECT_DIRECTORIES", in_a_list(objects));
    git.end(command, &format!("{object}\n"))?;
    Repository::open_bare(quarantine.path())?.find_object(object, None)?;
    Ok(())
}

/// A path in a list that is separated by colons: with one in it, it is quoted.
fn in_a_list(path: &Path) -> OsString {
    let bytes = path.as_os_str().as_bytes();
    if !bytes.contains(&b':') {
        return path.into();
    }
    let mut quoted = vec![b'"'];
    for &byte in bytes {
        if matches!(byte, b'"' | b'\\') {
            quoted.push(b'\\');
        }
        quoted.push(byte);
    }
    quoted.push(b'"');
    OsString::from_vec(quoted)
}

/// Asks for the references at `url`; `directory` is empty, for its own use.
pub(super) fn lists(url: &str, directory: &Path, activity: &Activity) -> Result<(), Failure> {
    let git = Git {
        directory,
        stall: LISTED_WITHIN,
        activity,
    };
    git.run(&["ls-remote", "--heads", "--"], &[OsStr::new(url)])?;
    Ok(())
}

/// The references in the output of `git ls-remote`.
fn listing(text: &str) -> Listing {
    let lines = text.lines().filter_map(|line| {
        let (id, name) = line.split_once('\t')?;
        Some((name, Oid::from_str(id).ok()?))
    });
    Listing::from_advertised(lines)
}

/// The program, in the repository of an attempt.
struct Git<'a> {
    directory: &'a Path,
    stall: Duration,
    activity: &'a Activity,
}

impl Git<'_> {
    /// Fetches a reference or a commit, alone where the server can do that.
    fn fetch_alone(&self, url: &OsStr, what: &str) -> Result<(), Failure> {
        let alone = ["fetch", "--no-tags", "--progress", "--depth=1", "--"];
        let whole = ["fetch", "--no-tags", "--progress", "--"];
        let operands = [url, what.as_ref()];
        match self.run(&alone, &operands) {
            // A server without `shallow`: with the history, then.
            Err(Failure::Said(_)) => self.run(&whole, &operands).map(drop),
            done => done.map(drop),
        }
    }

    fn fetch_all(&self, url: &OsStr) -> Result<(), Failure> {
        let words = ["fetch", "--no-tags", "--progress", "--"];
        let all = ["refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*"].map(OsStr::new);
        self.run(&words, &[&[url][..], &all].concat())?;
        Ok(())
    }

    /// Runs the program with these options and operands, and returns its output.
    fn run(&self, options: &[&str], operands: &[&OsStr]) -> Result<String, Failure> {
        self.end(self.command(options, operands), "")
    }

    fn command(&self, options: &[&str], operands: &[&OsStr]) -> Command {
        let mut command = Command::new("git");
        command
            .arg("-C")
            .arg(self.directory)
            // What arrives stays packed: only packs are moved into the store.
            .args(["-c", "fetch.unpackLimit=1", "-c", "core.askPass="])
            .args(["-c", "gc.auto=0", "-c", "maintenance.auto=false"])
            .args(options)
            .args(operands)
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ASKPASS", "")
            .env("SSH_ASKPASS", "")
            .env("GIT_ALLOW_PROTOCOL", "file:git:http:https:ssh")
            .env("LC_ALL", "C")
            .env_remove("GIT_DIR")
            .env_remove("GIT_WORK_TREE")
            .env_remove("GIT_COMMON_DIR")
            .env_remove("GIT_OBJECT_DIRECTORY")
            .env_remove("GIT_ALTERNATE_OBJECT_DIRECTORIES")
            .env_remove("GIT_SHALLOW_FILE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        if std::env::var_os("GIT_SSH_COMMAND").is_none() && std::env::var_os("GIT_SSH").is_none() {
            command.env("GIT_SSH_COMMAND", "ssh -oBatchMode=yes");
        }
        command
    }

    /// Runs the program to its end with this input, which is short, and returns its output.
    fn end(&self, mut command: Command, input: &str) -> Result<String, Failure> {
        let mut child = command.spawn().map_err(|_| Failure::Missing)?;
        if let Some(mut stdin) = child.stdin.take() {
            // What ends without reading it says why.
            let _ = stdin.write_all(input.as_bytes());
        }
        self.watch(child)
    }

    fn watch(&self, mut child: Child) -> Result<String, Failure> {
        let output = Stream::read(child.stdout.take(), MOST_OUTPUT);
        let messages = Stream::read(child.stderr.take(), KEPT);
        let group = Pid::from_child(&child);
        let mut seen = 0;
        let mut last_life = Instant::now();
        let problem = loop {
            if has_ended(group) {
                break None;
            }
            let now = output.count() + messages.count();
            if now != seen {
                (seen, last_life) = (now, Instant::now());
            }
            if !self.activity.beat() {
                let error = git2::Error::from_str("nobody waits for it any more");
                break Some(error.into());
            }
            if output.count() > MOST_OUTPUT {
                break Some(MirrorError::Endless);
            }
            if last_life.elapsed() >= self.stall {
                break Some(MirrorError::Stalled(self.stall));
            }
            output.wait(LOOK);
        };
        // Before waiting for the program, so that its process id cannot have been reused.
        let _ = kill_process_group(group, Signal::KILL);
        let status = child.wait()?;
        let (output, messages) = (output.into_text(), messages.into_text());
        if let Some(problem) = problem {
            return Err(problem.into());
        }
        if status.success() {
            return Ok(output);
        }
        Err(Failure::Said(reason(&messages)))
    }
}

/// The first line with a reason, its own or the other side's: what follows it are its consequences, and advice.
fn reason(messages: &str) -> String {
    let lines = || {
        let lines = messages.lines().map(str::trim);
        lines.map(|line| line.strip_prefix("remote: ").unwrap_or(line).trim())
    };
    let is_reason = |line: &&str| line.starts_with("fatal: ") || line.starts_with("error: ");
    let line = lines()
        .find(is_reason)
        .or_else(|| lines().rfind(|line| !line.is_empty()));
    line.unwrap_or("it failed").to_owned()
}

/// Checks without reaping. An error means that the child no longer exists.
fn has_ended(child: Pid) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    !matches!(waitid(WaitId::Pid(child), options), Ok(None))
}

/// What a program writes, read by a thread of its own.
struct Stream {
    count: Arc<AtomicUsize>,
    /// Nothing is sent; it is closed at the end.
    end: Receiver<()>,
    reader: Option<JoinHandle<Vec<u8>>>,
}

impl Stream {
    /// Reads to the end and keeps the last `kept` bytes, or a little more.
    fn read(from: Option<impl Read + Send + 'static>, kept: usize) -> Self {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let (open, end) = mpsc::channel();
        let reader = from.and_then(|mut from| {
            let read = move || {
                let _open = open;
                let (mut bytes, mut buffer) = (Vec::new(), [0; 8192]);
                while let Ok(read @ 1..) = from.read(&mut buffer) {
                    counted.fetch_add(read, Ordering::Relaxed);
                    bytes.extend_from_slice(&buffer[..read]);
                    if bytes.len() > kept.saturating_mul(2) {
                        bytes.drain(..bytes.len() - kept);
                    }
                }
                bytes
            };
            thread::Builder::new()
                .name("git-output".to_owned())
                .spawn(read)
                .ok()
        });
        Self { count, end, reader }
    }

    /// Waits for the end, but no longer than `most`.
    fn wait(&self, most: Duration) {
        if self.end.recv_timeout(most) == Err(RecvTimeoutError::Disconnected) {
            thread::sleep(LAST_LOOK);
        }
    }

    /// How many bytes came so far.
    fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    fn into_text(self) -> String {
        let bytes = self.reader.and_then(|reader| reader.join().ok());
        String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
    }
}
