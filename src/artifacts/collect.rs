//! Takes one output from the engine's archive, computing its checksum on the way.

use std::fs::{OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};
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

/// Writes the one file in `archive` to `folder/name`. Keeps read and execute bits, but not set-user-id bits.
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
    let mut entries = archive.entries().map_err(broken)?;
    let mut entry = entries
        .next()
        .unwrap_or_else(|| Err(io::Error::from(io::ErrorKind::UnexpectedEof)))
        .map_err(broken)?;
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
    let mode = entry.header().mode().map_err(broken)? & 0o777;
    let unwritable = |source| ArtifactError::Unwritable {
        path: path.clone(),
        source,
    };
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

#[cfg(test)]
mod tests {
    use super::collect;
    use crate::artifacts::ArtifactError;
    use crate::engine::ByteStream;
    use bytes::Bytes;
    use futures_util::{StreamExt, stream};
    use std::os::unix::fs::PermissionsExt;

    fn archive(kind: tar::EntryType, mode: u32, content: &[u8], cut: usize) -> ByteStream {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(content.len() as u64);
        let mut builder = tar::Builder::new(Vec::new());
        builder
            .append_data(&mut header, "x", content)
            .expect("an archive in memory");
        let mut bytes = builder.into_inner().expect("an archive in memory");
        bytes.truncate(bytes.len() - cut);
        stream::iter([Ok(Bytes::from(bytes))]).boxed()
    }

    #[tokio::test]
    async fn a_file_keeps_its_bytes_and_executable_bits() {
        let folder = tempfile::tempdir().expect("a folder");
        let stream = archive(tar::EntryType::Regular, 0o4755, b"hello\n", 0);
        let file = collect(stream, "tool", folder.path())
            .await
            .expect("collected");
        assert_eq!(
            file.sha256,
            "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
        );
        assert_eq!((file.size, file.mode), (6, 0o755));
        let on_disk = std::fs::metadata(&file.path)
            .expect("the file")
            .permissions()
            .mode();
        assert_eq!(on_disk & 0o7777, 0o755);
    }

    #[tokio::test]
    async fn what_is_not_a_whole_file_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let link = archive(tar::EntryType::Symlink, 0o777, b"", 0);
        assert!(matches!(
            collect(link, "a", folder.path()).await,
            Err(ArtifactError::NotAFile { kind: "a link", .. })
        ));
        // The two closing blocks and half of the content are missing.
        let cut = archive(tar::EntryType::Regular, 0o755, &[7; 600], 1024 + 700);
        assert!(matches!(
            collect(cut, "b", folder.path()).await,
            Err(ArtifactError::Archive { .. })
        ));
        let empty: ByteStream = stream::empty().boxed();
        assert!(matches!(
            collect(empty, "c", folder.path()).await,
            Err(ArtifactError::Archive { .. })
        ));
    }
}
