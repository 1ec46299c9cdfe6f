//! The blobs of a layout.

use std::io::{self, Read, Write as _};
use std::path::PathBuf;

use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::directory::{Layout, PARTIAL, keep, unwritable};
use crate::events::Event;
use crate::regular_file;
use crate::transport::blob::BlobSource;
use crate::transport::checking::Checking;
use crate::transport::digest::Digest;
use crate::transport::document::Descriptor;
use crate::transport::error::TransportError;

/// Bytes that are copied at a time.
const CHUNK: usize = 256 << 10;

impl Layout<'_> {
    pub(super) fn path_of(&self, digest: &Digest) -> PathBuf {
        self.blobs().join(digest.hex())
    }

    /// Whether the layout has a blob.
    pub(crate) fn has(&self, digest: &Digest) -> bool {
        self.path_of(digest).is_file()
    }

    /// Puts a blob that the layout does not have. It has its name only once it is whole and checked.
    pub(crate) async fn put(
        &self,
        blob: &Descriptor,
        source: &BlobSource,
    ) -> Result<(), TransportError> {
        let path = self.path_of(&blob.digest);
        let (blob, source, place, folder) =
            (blob.clone(), source.clone(), self.place(), self.blobs());
        let work = tokio::task::spawn_blocking(move || {
            let mut file = tempfile::Builder::new()
                .prefix(PARTIAL)
                .tempfile_in(&folder)
                .map_err(unwritable(&path))?;
            let mut checking = Checking::new(place, &blob);
            let (from, mut reader): (_, Box<dyn Read>) = match source {
                BlobSource::Bytes(bytes) => (PathBuf::new(), Box::new(io::Cursor::new(bytes))),
                BlobSource::File(from) => match regular_file::open(&from) {
                    Ok(file) => (from, Box::new(file)),
                    Err(source) => return Err(TransportError::Unreadable { path: from, source }),
                },
            };
            let mut buffer = vec![0; CHUNK];
            loop {
                let read = reader.read(&mut buffer);
                let read = read.map_err(|source| TransportError::Unreadable {
                    path: from.clone(),
                    source,
                })?;
                if read == 0 {
                    break;
                }
                checking.add(&buffer[..read])?;
                file.write_all(&buffer[..read]).map_err(unwritable(&path))?;
            }
            checking.finish()?;
            keep(file, &path)
        });
        work.await
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    }

    /// Writes a blob to `out`, and checks it on the way.
    pub(crate) async fn fetch(
        &self,
        blob: &Descriptor,
        out: &mut (dyn AsyncWrite + Unpin + Send),
    ) -> Result<(), TransportError> {
        let path = self.path_of(&blob.digest);
        let unreadable = |source: io::Error| {
            if source.kind() == io::ErrorKind::NotFound {
                self.not_found(format!("blob {}", blob.digest))
            } else {
                TransportError::Unreadable {
                    path: path.clone(),
                    source,
                }
            }
        };
        let hand_on = |source| TransportError::HandOn {
            digest: blob.digest.clone(),
            source,
        };
        let file = regular_file::open(&path).map_err(unreadable)?;
        let mut file = tokio::fs::File::from_std(file);
        let mut checking = Checking::new(self.place(), blob);
        let mut buffer = vec![0; CHUNK];
        loop {
            let read = file.read(&mut buffer).await.map_err(unreadable)?;
            if read == 0 {
                break;
            }
            checking.add(&buffer[..read])?;
            out.write_all(&buffer[..read]).await.map_err(hand_on)?;
            self.sink.event(&Event::Transfer {
                item: blob.digest.short().to_owned(),
                action: "reading".to_owned(),
                current: checking.so_far(),
                total: blob.size,
            });
        }
        out.flush().await.map_err(hand_on)?;
        checking.finish()
    }
}
