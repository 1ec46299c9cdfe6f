//! Opens and reads files that others may have put there: only regular ones, and only so much of them.
//!
//! Opening a named pipe waits for somebody to write to it, and a device such as `/dev/zero` never ends. A symbolic link is
//! followed: whoever names a file may name it so. What must not be reached through one is the business of its caller.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

/// Opens a regular file for reading.
///
/// # Errors
/// The system's, and that it is something else than a regular file.
pub fn open(path: &Path) -> io::Result<File> {
    // Without NONBLOCK a named pipe would be waited for before it can be seen that it is one.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let kind = file.metadata()?.file_type();
    if kind.is_file() {
        return Ok(file);
    }
    Err(if kind.is_dir() {
        Errno::ISDIR.into()
    } else {
        io::Error::other("it is not a regular file")
    })
}

/// All of a regular file that has at most `limit` bytes.
///
/// # Errors
/// Those of [`open`], and that it has more bytes.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let limit = bytesize::ByteSize(limit);
        return Err(io::Error::other(format!("it has more than {limit}")));
    }
    Ok(bytes)
}

/// The text of a regular file that has at most `limit` bytes.
///
/// # Errors
/// Those of [`read`], and that it is not UTF-8.
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    String::from_utf8(read(path, limit)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text"))
}

/// A reader that ends with an error as soon as nobody waits for it any more: files of others may be as large as a disk, and
/// a hole in one costs them nothing.
pub struct Stoppable<'a, R> {
    reader: R,
    is_stopped: &'a dyn Fn() -> bool,
}

impl<'a, R> Stoppable<'a, R> {
    /// Reads from `reader` until `is_stopped` returns true.
    pub fn new(reader: R, is_stopped: &'a dyn Fn() -> bool) -> Self {
        Self { reader, is_stopped }
    }
}

impl<R: io::Read> io::Read for Stoppable<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if (self.is_stopped)() {
            // Not `ErrorKind::Interrupted`, after which every reader tries again.
            return Err(io::Error::other("stopped before its end"));
        }
        self.reader.read(buffer)
    }
}
