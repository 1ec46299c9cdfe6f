//! Checks content while it passes.

use sha2::{Digest as _, Sha256};

use super::digest::Digest;
use super::document::Descriptor;
use super::error::TransportError;
use crate::checksum::hex;

/// What passed of a blob so far.
pub(super) struct Checking {
    place: String,
    expected: Digest,
    size: u64,
    so_far: u64,
    sum: Sha256,
}

impl Checking {
    pub(super) fn new(place: String, blob: &Descriptor) -> Self {
        Self {
            place,
            expected: blob.digest.clone(),
            size: blob.size,
            so_far: 0,
            sum: Sha256::new(),
        }
    }

    /// How many bytes passed.
    pub(super) fn so_far(&self) -> u64 {
        self.so_far
    }

    /// More bytes pass; not more than there are.
    pub(super) fn add(&mut self, bytes: &[u8]) -> Result<(), TransportError> {
        self.so_far += bytes.len() as u64;
        if self.so_far > self.size {
            return Err(self.wrong_size());
        }
        self.sum.update(bytes);
        Ok(())
    }

    /// Everything passed.
    pub(super) fn finish(self) -> Result<(), TransportError> {
        if self.so_far != self.size {
            return Err(self.wrong_size());
        }
        let found = hex(&self.sum.finalize());
        if found == self.expected.hex() {
            return Ok(());
        }
        Err(TransportError::Digest {
            place: self.place,
            // What `hex` wrote is a digest.
            found: Digest::from_hex(&found).unwrap_or_else(|| self.expected.clone()),
            expected: self.expected,
        })
    }

    fn wrong_size(&self) -> TransportError {
        TransportError::Size {
            place: self.place.clone(),
            digest: self.expected.clone(),
            expected: self.size,
            found: self.so_far,
        }
    }
}
