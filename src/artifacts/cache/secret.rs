//! The secret of a cache: entries that were not sealed with it were not written by this cache.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit as _, Mac as _};
use rustix::rand::{GetRandomFlags, getrandom};
use sha2::Sha256;

use super::entry::Entry;
use crate::checksum::hex;
use crate::plan::canonical_json;
use crate::regular_file;

/// Length of a secret in bytes.
const LENGTH: usize = 32;

/// The file with the secret.
#[derive(Debug, Clone)]
pub(super) struct Secret(pub(super) PathBuf);

impl Secret {
    /// The seal of an entry. Makes the secret if there is none.
    pub(super) fn mac(&self, entry: &Entry) -> io::Result<String> {
        let sealed = self.hash(&self.read_or_make()?, entry)?;
        Ok(hex(&sealed.finalize().into_bytes()))
    }

    /// Whether the entry has the seal of this cache.
    pub(super) fn accepts(&self, entry: &Entry) -> io::Result<bool> {
        let secret = match self.read() {
            // Without a secret nothing was sealed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            secret => secret?,
        };
        let sealed = self.hash(&secret, entry)?.finalize().into_bytes();
        Ok(hex(&sealed) == entry.mac)
    }

    fn hash(&self, secret: &[u8], entry: &Entry) -> io::Result<Hmac<Sha256>> {
        if secret.len() != LENGTH {
            let path = self.0.display();
            return Err(io::Error::other(format!("{path} is damaged; remove it")));
        }
        let mut hash = Hmac::<Sha256>::new_from_slice(secret).map_err(io::Error::other)?;
        let unsealed = Entry {
            mac: String::new(),
            ..entry.clone()
        };
        hash.update(canonical_json(&unsealed).as_bytes());
        Ok(hash)
    }

    fn read(&self) -> io::Result<Vec<u8>> {
        regular_file::read(&self.0, LENGTH as u64)
    }

    fn read_or_make(&self) -> io::Result<Vec<u8>> {
        match self.read() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            secret => return secret,
        }
        let mut secret = [0; LENGTH];
        getrandom(&mut secret, GetRandomFlags::empty())?;
        let folder = self.0.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&secret)?;
        file.as_file().sync_all()?;
        match file.persist_noclobber(&self.0) {
            // Another run was faster.
            Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => Err(error.error),
            _ => self.read(),
        }
    }
}
