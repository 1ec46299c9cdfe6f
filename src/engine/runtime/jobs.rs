//! Work on files that only the root of a user namespace may touch, by processes that are started for one job each.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, BufRead as _, BufReader, IoSlice, IoSliceMut, Read, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::fs::OFlags;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use serde::{Deserialize, Serialize};

use super::digest::{Written, digest};
use super::entry::Refusal;
use super::tree::{Tree, find};
use super::unpack::{Meaning, UnpackError, unpack};
use super::words::{DIGEST, FILES, LAYER, LOOK, MAKE, OPEN, REMOVE};

/// Longest answer in bytes.
const LONGEST: u64 = 64 << 10;
/// Bytes that are passed on at a time.
const CHUNK: usize = 128 << 10;

/// How a job ended: one line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Answer {
    /// What was to be unpacked is; the size of its files in bytes.
    Unpacked(u64),
    Done,
    Digest(String),
    Failed(Reason),
    /// The archive could not be read.
    Unreadable(Reason),
    /// This could not be written.
    Unwritable(String, Reason),
    /// This entry of the archive is refused.
    Refused(String, Refusal),
}

/// An error of the system.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Reason {
    /// Its number, where it has one.
    code: Option<i32>,
    text: String,
}

impl From<io::Error> for Reason {
    fn from(error: io::Error) -> Self {
        Self {
            code: error.raw_os_error(),
            text: error.to_string(),
        }
    }
}

impl From<Reason> for io::Error {
    fn from(reason: Reason) -> Self {
        match reason.code {
            Some(code) => Self::from_raw_os_error(code),
            None => Self::other(reason.text),
        }
    }
}

impl From<Result<u64, UnpackError>> for Answer {
    fn from(unpacked: Result<u64, UnpackError>) -> Self {
        match unpacked {
            Ok(size) => Self::Unpacked(size),
            Err(UnpackError::Read(source)) => Self::Unreadable(source.into()),
            Err(UnpackError::Write { name, source }) => Self::Unwritable(name, source.into()),
            Err(UnpackError::Refused { name, refusal }) => Self::Refused(name, refusal),
        }
    }
}

/// Does one job, in the process that was started for it. Returns the exit code.
pub(super) fn answer(ready: io::Result<()>, word: &OsStr, places: &[OsString]) -> u8 {
    let done = ready.and_then(|()| {
        let places: Vec<_> = places.iter().map(Path::new).collect();
        work(word, &places)
    });
    let answer = done.unwrap_or_else(|error| Answer::Failed(error.into()));
    // If nobody reads it, nobody wants to know.
    let said = serde_json::to_string(&answer).map(|text| writeln!(io::stdout(), "{text}"));
    u8::from(!said.is_ok_and(|said| said.is_ok()))
}

fn work(word: &OsStr, places: &[&Path]) -> io::Result<Answer> {
    let archive = || io::stdin().lock();
    Ok(match places {
        [root] if word == LAYER => unpack(
            archive(),
            &Tree::open(root)?,
            Meaning::Layer(&mut Written::default()),
        )
        .into(),
        [root, below] if word == FILES => {
            let below = Tree::open(root)?.below(below)?;
            unpack(archive(), &below, Meaning::Files).into()
        }
        [root, path] if word == OPEN => {
            pass_on(&find(&Tree::open(root)?, path)?.into())?;
            Answer::Done
        }
        [root, path] if word == LOOK => {
            Tree::open(root)?.at(path, OFlags::PATH)?;
            Answer::Done
        }
        [root, path] if word == MAKE => {
            Tree::open(root)?.make_directory(path)?;
            Answer::Done
        }
        [root] if word == DIGEST => Answer::Digest(digest(root, &Written::default())?),
        [path] if word == REMOVE => {
            match fs::remove_dir_all(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => removed?,
            }
            Answer::Done
        }
        _ => return Err(io::ErrorKind::InvalidInput.into()),
    })
}

/// Gives an open file to whoever has the other end of standard output.
fn pass_on(file: &OwnedFd) -> io::Result<()> {
    use std::os::fd::AsFd as _;
    let files = [file.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(&files));
    sendmsg(
        io::stdout(),
        &[IoSlice::new(b"\n")],
        &mut control,
        SendFlags::empty(),
    )?;
    Ok(())
}

/// Asks a process that works without being given anything.
pub(super) fn ask(command: &mut Command) -> io::Result<()> {
    match answer_of(command)? {
        Answer::Done => Ok(()),
        _ => Err(no_answer()),
    }
}

/// Asks a process for the digest of a tree.
pub(super) fn ask_for_digest(command: &mut Command) -> io::Result<String> {
    match answer_of(command)? {
        Answer::Digest(digest) => Ok(digest),
        _ => Err(no_answer()),
    }
}

fn answer_of(command: &mut Command) -> io::Result<Answer> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let answer = read_answer(child.stdout.take());
    child.wait()?;
    match answer? {
        Answer::Failed(reason) => Err(reason.into()),
        answer => Ok(answer),
    }
}

/// Asks a process for an open file.
pub(super) fn ask_for_file(command: &mut Command) -> io::Result<OwnedFd> {
    let (own, its) = UnixStream::pair()?;
    // The command keeps its end until it is told otherwise, and this process would wait for itself.
    let child = command.stdout(OwnedFd::from(its)).spawn();
    command.stdout(Stdio::null());
    let mut child = child?;
    let received = receive(&own);
    let answer = match &received {
        Ok(None) => read_answer(Some(own)),
        _ => Ok(Answer::Done),
    };
    child.wait()?;
    match (received?, answer?) {
        (Some(file), _) => Ok(file),
        (None, Answer::Failed(reason)) => Err(reason.into()),
        (None, _) => Err(no_answer()),
    }
}

/// The file that is passed on next; `None` where something else is said, of which nothing is taken.
fn receive(from: &UnixStream) -> io::Result<Option<OwnedFd>> {
    let mut byte = [0];
    // An answer begins with something else, and stays for its reader.
    let (peeked, _) = rustix::net::recv(from, &mut byte, RecvFlags::PEEK)?;
    if peeked == 0 || byte != *b"\n" {
        return Ok(None);
    }
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC;
    recvmsg(from, &mut [IoSliceMut::new(&mut byte)], &mut control, flags)?;
    let file = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut files) => files.next(),
        _ => None,
    });
    file.map(Some).ok_or_else(no_answer)
}

/// Has a process unpack an archive. Returns the size of its files in bytes.
pub(super) fn feed(command: &mut Command, mut archive: impl Read) -> Result<u64, UnpackError> {
    let not_unpacked = |source| UnpackError::Write {
        name: ".".to_owned(),
        source,
    };
    let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = started.map_err(not_unpacked)?;
    if let Err(source) = pass_all(&mut child, &mut archive) {
        // It would take what there is for the whole.
        let _ = child.kill();
        let _ = child.wait();
        return Err(UnpackError::Read(source));
    }
    let answer = read_answer(child.stdout.take());
    child.wait().map_err(not_unpacked)?;
    match answer.map_err(not_unpacked)? {
        Answer::Unpacked(size) => Ok(size),
        Answer::Failed(reason) => Err(not_unpacked(reason.into())),
        Answer::Unreadable(reason) => Err(UnpackError::Read(reason.into())),
        Answer::Unwritable(name, reason) => {
            let source = reason.into();
            Err(UnpackError::Write { name, source })
        }
        Answer::Refused(name, refusal) => Err(UnpackError::Refused { name, refusal }),
        Answer::Done | Answer::Digest(_) => Err(not_unpacked(no_answer())),
    }
}

/// Passes an archive to the standard input of a process, and closes that. A process that takes no more of it says why by its
/// answer; errors are those of reading.
fn pass_all(child: &mut Child, archive: &mut impl Read) -> io::Result<()> {
    let Some(mut input) = child.stdin.take() else {
        return Ok(());
    };
    let mut buffer = vec![0; CHUNK];
    loop {
        match archive.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => {
                if input.write_all(&buffer[..read]).is_err() {
                    return Ok(());
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn read_answer(from: Option<impl Read>) -> io::Result<Answer> {
    let mut line = String::new();
    if let Some(from) = from {
        BufReader::new(from.take(LONGEST)).read_line(&mut line)?;
    }
    serde_json::from_str(&line).map_err(|_| no_answer())
}

fn no_answer() -> io::Error {
    io::Error::other("the process in the user namespace did not answer")
}
