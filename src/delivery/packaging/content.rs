//! What a file of a package contains. Outputs stay on the disk until they are written to the package: a kubelet is larger than
//! what packaging may take of the memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::error::PackagingError;
use crate::artifacts::ManifestFile;
use crate::checksum::{hex, sha256_hex, sha256_of};
use crate::inside::inside;
use crate::regular_file;

/// The content of a file.
pub(super) enum Content {
    /// A text of the recipe; nothing for a link.
    Text(Vec<u8>),
    /// An output of the result.
    Output(Output),
}

/// An output that was compared with the manifest.
pub(super) struct Output {
    /// Where it is.
    pub(super) path: PathBuf,
    size: u64,
    sha256: String,
}

impl Content {
    /// The output of a result in `folder`, compared with the manifest: nodes receive exactly what passed the checks.
    pub(super) fn of_output(
        published: &ManifestFile,
        folder: &Path,
    ) -> Result<Self, PackagingError> {
        let unreadable = |source| PackagingError::Unreadable {
            path: folder.join(&published.name),
            source,
        };
        let path = inside(folder, &published.name).map_err(unreadable)?;
        let (size, found) = regular_file::open(&path)
            .and_then(sha256_of)
            .map_err(unreadable)?;
        if found != published.sha256 {
            return Err(PackagingError::Changed {
                path,
                found,
                expected: published.sha256.clone(),
            });
        }
        let sha256 = found;
        Ok(Self::Output(Output { path, size, sha256 }))
    }

    /// Its size in bytes.
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Text(bytes) => bytes.len() as u64,
            Self::Output(output) => output.size,
        }
    }

    /// Its sha256.
    pub(super) fn sha256(&self) -> String {
        match self {
            Self::Text(bytes) => sha256_hex(bytes),
            Self::Output(output) => output.sha256.clone(),
        }
    }

    /// Reads it. The end of an output that is not the compared one any more is an error.
    pub(super) fn reader(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(match self {
            Self::Text(bytes) => Box::new(bytes.as_slice()),
            Self::Output(output) => Box::new(Compared {
                file: regular_file::open(&output.path)?,
                left: output.size,
                hasher: Sha256::new(),
                sha256: &output.sha256,
            }),
        })
    }
}

/// A file as it is read again.
struct Compared<'a> {
    file: File,
    left: u64,
    hasher: Sha256,
    sha256: &'a str,
}

impl Read for Compared<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = Read::by_ref(&mut self.file).take(self.left).read(buffer)?;
        self.hasher.update(&buffer[..length]);
        self.left -= length as u64;
        // Everybody reads until there is nothing, or exactly as much as there was.
        let is_end = self.left == 0 || (length == 0 && !buffer.is_empty());
        if is_end && hex(&self.hasher.clone().finalize()) != self.sha256 {
            return Err(io::Error::other("it changed while it was packaged"));
        }
        Ok(length)
    }
}
