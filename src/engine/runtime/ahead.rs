//! Reads an archive ahead of whoever unpacks it. Reading, taking out of a compression and counting in what was read take as long
//! as writing files does, so that two processors halve the time.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use crate::checksum::hex;

/// Bytes that are passed on at a time, and how many such pieces the reader may be ahead.
const PIECE: usize = 256 << 10;
const PIECES: usize = 16;

/// What a thread of its own reads.
pub(super) struct Ahead {
    pieces: Receiver<io::Result<Vec<u8>>>,
    /// For pieces that were taken: the next ones are written over them.
    used: Sender<Vec<u8>>,
    piece: Vec<u8>,
    /// How much of it was taken.
    taken: usize,
}

/// Does `work` with what `archive` gives. Returns what that brings, and the digest of the archive, `sha256:...`, which says
/// something only if `work` has read all of it. Reading fails when `stop` is cancelled.
///
/// # Errors
/// No thread can be had.
pub(super) fn read_ahead<T>(
    archive: impl Read + Send,
    stop: &CancellationToken,
    work: impl FnOnce(Ahead) -> T,
) -> io::Result<(T, String)> {
    let (pieces, taken) = sync_channel(PIECES);
    let (used, free) = channel();
    thread::scope(|scope| {
        let reading = move || read(archive, stop, &pieces, &free);
        let reader = thread::Builder::new().spawn_scoped(scope, reading)?;
        // Its end is the reader's as well.
        let done = work(Ahead {
            pieces: taken,
            used,
            piece: Vec::new(),
            taken: 0,
        });
        let lost = |_| io::Error::other("the thread that reads the archive panicked");
        let digest = reader.join().map_err(lost)?;
        Ok((done, format!("sha256:{}", hex(&digest.finalize()))))
    })
}

fn read(
    mut archive: impl Read,
    stop: &CancellationToken,
    pieces: &SyncSender<io::Result<Vec<u8>>>,
    free: &Receiver<Vec<u8>>,
) -> Sha256 {
    let mut digest = Sha256::new();
    loop {
        let mut piece = free.try_recv().unwrap_or_default();
        piece.resize(PIECE, 0);
        let read = fill(&mut archive, &mut piece, stop);
        let is_last = !matches!(read, Ok(1..));
        let passed = pieces.send(read.map(|read| {
            piece.truncate(read);
            digest.update(&piece);
            piece
        }));
        if is_last || passed.is_err() {
            return digest;
        }
    }
}

/// Reads until the piece is full, or the archive ends.
fn fill(archive: &mut impl Read, piece: &mut [u8], stop: &CancellationToken) -> io::Result<usize> {
    let mut filled = 0;
    while filled < piece.len() {
        if stop.is_cancelled() {
            // Not `ErrorKind::Interrupted`, after which every reader tries again.
            return Err(io::Error::other("stopped before its end"));
        }
        match archive.read(&mut piece[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

impl Read for Ahead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.piece.len() {
            // After its end, or an error, nothing comes any more.
            let Ok(next) = self.pieces.recv() else {
                return Ok(0);
            };
            let used = std::mem::replace(&mut self.piece, next?);
            self.taken = 0;
            // A reader that has ended needs none.
            let _ = self.used.send(used);
        }
        let left = &self.piece[self.taken..];
        let read = left.len().min(buffer.len());
        buffer[..read].copy_from_slice(&left[..read]);
        self.taken += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read};

    use tokio_util::sync::CancellationToken;

    use super::{PIECE, PIECES, read_ahead};
    use crate::checksum::sha256_hex;

    #[test]
    fn all_of_an_archive_is_read_and_counted_in() {
        let pattern: Vec<u8> = (0..=250).collect();
        for length in [0, 1, PIECE, PIECE + 1, (PIECES + 3) * PIECE + 7] {
            let text: Vec<u8> = pattern.iter().copied().cycle().take(length).collect();
            let stop = CancellationToken::new();
            let work = |mut ahead: super::Ahead| {
                let mut found = Vec::new();
                ahead.read_to_end(&mut found).map(|_| found)
            };
            let (found, digest) = read_ahead(text.as_slice(), &stop, work).expect("a thread");
            assert!(found.expect("all of it") == text, "{length}");
            assert_eq!(digest, format!("sha256:{}", sha256_hex(&text)), "{length}");
        }
    }

    #[test]
    fn a_reader_without_end_ends_with_the_work() {
        let stop = CancellationToken::new();
        let work = |mut ahead: super::Ahead| ahead.read(&mut [0; 10]);
        let (read, _) = read_ahead(io::repeat(7), &stop, work).expect("a thread");
        assert_eq!(read.expect("some of it"), 10);
    }

    #[test]
    fn an_error_of_the_archive_and_the_end_of_the_wait_for_it_are_errors() {
        let broken = io::repeat(7).take(10).chain(Broken);
        let stop = CancellationToken::new();
        let work = |mut ahead: super::Ahead| io::copy(&mut ahead, &mut io::sink());
        let (read, _) = read_ahead(broken, &stop, work).expect("a thread");
        assert_eq!(
            read.expect_err("it is broken").kind(),
            io::ErrorKind::BrokenPipe
        );
        stop.cancel();
        let (read, _) = read_ahead(io::repeat(7), &stop, work).expect("a thread");
        let error = read.expect_err("it was stopped").to_string();
        assert_eq!(error, "stopped before its end");
    }

    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }
}
