//! Takes one output from the engine's archive, computing its checksum on the way.

use std::fs::{OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};
use tar::EntryType;
use tokio_util::io::{StreamReader, SyncIoBridge};

use super::error::ArtifactError;
use crate::checksum::hex;
use crate::engine::ByteStream;

/// A file taken out of the container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CollectedFile {
    /// The file name under which it will be published.
    pub name: String,
    /// Its current path.
    #[serde(skip)]
    pub path: PathBuf,
    /// Size in bytes.
    pub size: u64,
    /// Sha256 in hexadecimal digits.
    pub sha256: String,
    /// Permission bits.
    pub mode: u32,
}

/// Bytes copied at a time.
const CHUNK: usize = 64 << 10;

/// Writes the one file in `archive` to `folder/name`. It can be run if
/// anybody could run it there, and only its owner can change it.
///
/// # Errors
/// [`ArtifactError::Archive`], [`ArtifactError::NotAFile`], [`ArtifactError::Unwritable`].
pub async fn collect(
    archive: ByteStream,
    name: &str,
    folder: &Path,
) -> Result<CollectedFile, ArtifactError> {
    let reader = SyncIoBridge::new(StreamReader::new(archive));
    let (name, path) = (name.to_owned(), folder.join(name));
    let work = tokio::task::spawn_blocking(move || write_file(reader, name, path));
    work.await
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

fn write_file(
    archive: impl Read,
    name: String,
    path: PathBuf,
) -> Result<CollectedFile, ArtifactError> {
    let broken = |source| ArtifactError::Archive {
        name: name.clone(),
        source,
    };
    let mut archive = tar::Archive::new(archive);
    // Raw: what the headers before an entry say of it would be read into memory whole, however long it is; nothing of it is
    // wanted here.
    let mut entries = archive.entries().map_err(broken)?.raw(true);
    let mut next = || {
        let entry = entries.next();
        entry.unwrap_or_else(|| Err(io::Error::from(io::ErrorKind::UnexpectedEof)))
    };
    let mut entry = next().map_err(broken)?;
    while is_about_the_next(entry.header().entry_type()) {
        entry = next().map_err(broken)?;
    }
    let kind = entry.header().entry_type();
    if !kind.is_file() {
        let kind = if kind.is_dir() {
            "a directory"
        } else if kind.is_symlink() {
            "a link"
        } else {
            "a special file"
        };
        return Err(ArtifactError::NotAFile { name, kind });
    }
    let mode = entry.header().mode().map_err(broken)?;
    let mode = if mode & 0o111 == 0 { 0o644 } else { 0o755 };
    let unwritable = ArtifactError::unwritable(&path);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)
        .map_err(unwritable)?;
    let mut digest = Sha256::new();
    let mut size = 0;
    let mut buffer = vec![0; CHUNK];
    loop {
        let count = entry.read(&mut buffer).map_err(broken)?;
        if count == 0 {
            break;
        }
        digest.update(&buffer[..count]);
        file.write_all(&buffer[..count]).map_err(unwritable)?;
        size += count as u64;
    }
    if size != entry.header().size().map_err(broken)? {
        return Err(broken(io::Error::from(io::ErrorKind::UnexpectedEof)));
    }
    file.set_permissions(Permissions::from_mode(mode))
        .map_err(unwritable)?;
    file.sync_all().map_err(unwritable)?;
    let sha256 = hex(&digest.finalize());
    Ok(CollectedFile {
        name,
        path,
        size,
        sha256,
        mode,
    })
}

/// Whether it is not a file but says something of the one after it.
fn is_about_the_next(kind: EntryType) -> bool {
    kind.is_gnu_longname()
        || kind.is_gnu_longlink()
        || kind.is_pax_local_extensions()
        || kind.is_pax_global_extensions()
}
