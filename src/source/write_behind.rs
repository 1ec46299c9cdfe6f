use std::fs::{self, File};
use std::io::{Error, ErrorKind, Result};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// How much may come before it is written through to the disk, in bytes.
const PIECE: usize = 2 << 20;

/// Tells how much has come.
#[derive(Debug)]
pub(super) struct Growth {
    wake: SyncSender<()>,
    next: usize,
}

impl Growth {
    /// Notes that `bytes` have come, from the beginning on.
    pub(super) fn reached(&mut self, bytes: usize) {
        if bytes >= self.next {
            self.next = bytes + PIECE;
            // While the disk is busy one reminder is enough.
            let _ = self.wake.try_send(());
        }
    }
}

/// Writes the files in `folder` through to the disk, piece by piece, while `work` makes them grow.
///
/// A pack must be on the disk before the store may use it. Writing it there at the end would let everyone wait for
/// the disk; this way only the last piece is left to wait for. Nothing is promised here: whoever needs the files on
/// the disk still has to sync them.
///
/// # Errors
/// What the disk said. It says so once only, so this must not be left unheard.
pub(super) fn write_behind<T>(folder: &Path, work: impl FnOnce(Growth) -> T) -> Result<T> {
    let (wake, woken) = sync_channel(1);
    thread::scope(|scope| {
        let syncs = thread::Builder::new()
            .name("pack-sync".to_owned())
            .spawn_scoped(scope, || sync_when(woken, folder))?;
        let done = work(Growth { wake, next: PIECE });
        syncs
            .join()
            .unwrap_or_else(|_| Err(Error::other("the thread that syncs broke off")))?;
        Ok(done)
    })
}

/// Syncs whenever it is woken, until the other end has gone.
fn sync_when(woken: Receiver<()>, folder: &Path) -> Result<()> {
    for () in woken {
        for entry in fs::read_dir(folder)? {
            match File::open(entry?.path()) {
                Ok(file) => file.sync_data()?,
                // It got its last name meanwhile.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{PIECE, write_behind};

    #[test]
    fn the_work_is_done_and_its_files_may_change_names() {
        let folder = tempfile::tempdir().unwrap();
        let (early, late) = (folder.path().join("early"), folder.path().join("late"));
        let done = write_behind(folder.path(), |mut growth| {
            for round in 1..20 {
                std::fs::write(&early, "pack").unwrap();
                growth.reached(round * PIECE);
                std::fs::rename(&early, &late).unwrap();
            }
            7
        });
        assert_eq!(done.unwrap(), 7);
    }

    #[test]
    fn what_the_disk_says_is_heard() {
        let nowhere = std::path::Path::new("/nonexistent/folder");
        assert!(write_behind(nowhere, |mut growth| growth.reached(PIECE)).is_err());
        assert!(write_behind(nowhere, |mut growth| growth.reached(PIECE - 1)).is_ok());
    }
}
