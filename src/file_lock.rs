//! Locked files, for what only one run of this user may do at a time.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::fs::OFlags;

use crate::events::{Note, Sink};

/// How often a waiting run looks whether the lock is free.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// What is written to a lock must not reach a file that a link leads to.
const NO_LINK: i32 = OFlags::NOFOLLOW.bits().cast_signed();

/// Locks the file `path` for the run `run` and holds it until the file is dropped. While another run has it, waits
/// and says so once: `purpose` follows "which", e.g. "builds into dist".
///
/// # Errors
/// What the system says when the file cannot be made, read or locked.
pub async fn acquire(path: &Path, run: &str, purpose: &str, sink: &dyn Sink) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .custom_flags(NO_LINK)
        .open(path)?;
    // Who holds it for a moment only, to read what it guards, is not worth a word.
    let (mut first, mut told) = (true, false);
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if !first && !told => {
                told = true;
                let mut holder = String::new();
                file.seek(SeekFrom::Start(0))?;
                file.read_to_string(&mut holder)?;
                let holder = holder.trim();
                let note = Note::Waiting(holder.to_owned(), purpose.to_owned());
                sink.event(&note.into());
            }
            Err(TryLockError::WouldBlock) => first = false,
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(format!("run {run} (process {})\n", std::process::id()).as_bytes())?;
    Ok(file)
}
