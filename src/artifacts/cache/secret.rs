//! The secret of a cache: entries that were not sealed with it were not written by this cache.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit as _, Mac as _};
use rustix::rand::{GetRandomFlags, getrandom};
use sha2::Sha256;

use crate::checksum::hex;
use crate::regular_file;

/// Length of a secret in bytes.
const LENGTH: usize = 32;

/// The file with the secret.
#[derive(Debug, Clone)]
pub(super) struct Secret(pub(super) PathBuf);

impl Secret {
    /// The seal of a text. Makes the secret if there is none.
    pub(super) fn mac(&self, text: &str) -> io::Result<String> {
        let sealed = self.hash(&self.read_or_make()?, text)?;
        Ok(hex(&sealed.finalize().into_bytes()))
    }

    /// Whether `mac` is the seal of this cache for the text.
    pub(super) fn accepts(&self, text: &str, mac: &str) -> io::Result<bool> {
        let secret = match self.read() {
            // Without a secret nothing was sealed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            secret => secret?,
        };
        let sealed = self.hash(&secret, text)?.finalize().into_bytes();
        Ok(hex(&sealed) == mac)
    }

    fn hash(&self, secret: &[u8], text: &str) -> io::Result<Hmac<Sha256>> {
        if secret.len() != LENGTH {
            let path = self.0.display();
            return Err(io::Error::other(format!("{path} is damaged; remove it")));
        }
        let mut hash = Hmac::<Sha256>::new_from_slice(secret).map_err(io::Error::other)?;
        hash.update(text.as_bytes());
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
