//! Reads a blob and checks it on the way.

use std::io::{self, Read};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::entries::Span;
use super::error::BundleError;
use super::parts::Parts;
use crate::checksum::hex;
use crate::transport::Digest;

/// The content of a blob. Its end is an error if what was read is not what its digest says: whoever reads it must read it to its
/// end, and use nothing of it before.
pub struct BlobReader {
    parts: Arc<Parts>,
    span: Span,
    digest: Digest,
    so_far: u64,
    /// `None` once the digest was checked.
    sum: Option<Sha256>,
}

impl BlobReader {
    pub(super) fn new(parts: &Arc<Parts>, span: Span, digest: &Digest) -> Self {
        Self {
            parts: Arc::clone(parts),
            span,
            digest: digest.clone(),
            so_far: 0,
            sum: Some(Sha256::new()),
        }
    }

    /// All of it. The caller knows that it is small.
    pub(super) fn bytes(mut self) -> Result<Vec<u8>, BundleError> {
        let mut bytes = Vec::new();
        let mut buffer = vec![0; 64 << 10];
        loop {
            match self.more(&mut buffer)? {
                0 => return Ok(bytes),
                read => bytes.extend_from_slice(&buffer[..read]),
            }
        }
    }

    fn more(&mut self, buffer: &mut [u8]) -> Result<usize, BundleError> {
        let left = self.span.length - self.so_far;
        if left == 0 {
            return self.check().map(|()| 0);
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(most);
        let offset = self.span.offset + self.so_far;
        let read = self.parts.read_at(&mut buffer[..wanted], offset)?;
        if read == 0 && wanted > 0 {
            // It became shorter since it was opened.
            let path = self.parts.place(offset).0.to_owned();
            return Err(BundleError::Truncated { path });
        }
        if let Some(sum) = &mut self.sum {
            sum.update(&buffer[..read]);
        }
        self.so_far += read as u64;
        Ok(read)
    }

    fn check(&mut self) -> Result<(), BundleError> {
        let Some(sum) = self.sum.take() else {
            return Ok(());
        };
        let found = Digest::from_hex(&hex(&sum.finalize()));
        let found = found.filter(|found| *found != self.digest);
        let Some(found) = found else {
            return Ok(());
        };
        Err(BundleError::Digest {
            path: self.parts.path().to_owned(),
            expected: self.digest.clone(),
            found,
        })
    }
}

impl Read for BlobReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.more(buffer).map_err(io::Error::other)
    }
}
