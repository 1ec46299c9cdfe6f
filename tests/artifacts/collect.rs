//! What is taken out of an archive of the engine.

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use kmembuild::artifacts::{ArtifactError, collect};
use kmembuild::engine::ByteStream;
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
