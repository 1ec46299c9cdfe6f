//! Tar archives as byte streams.

use std::io::Read;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use kmembuild::engine::ByteStream;

/// A file of an archive: path, mode, content. A path that ends in `/` is a folder.
pub type File<'a> = (&'a str, u32, &'a [u8]);

/// The archive of `files`.
pub fn bytes_of(files: &[File<'_>]) -> Bytes {
    let mut archive = tar::Builder::new(Vec::new());
    for &(path, mode, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(mode);
        header.set_size(content.len() as u64);
        header.set_mtime(1_500_000_000);
        if path.ends_with('/') {
            header.set_entry_type(tar::EntryType::Directory);
        }
        archive.append_data(&mut header, path, content).unwrap();
    }
    archive.into_inner().unwrap().into()
}

/// The archive of `files` as a stream.
pub fn stream_of(files: &[File<'_>]) -> ByteStream {
    whole(bytes_of(files))
}

/// `bytes` as a stream of one piece.
pub fn whole(bytes: Bytes) -> ByteStream {
    stream::iter([Ok(bytes)]).boxed()
}

/// An archive of one file of `mebibytes` of zeros, made while it is read.
pub fn zeros(name: &str, mebibytes: u64) -> ByteStream {
    const PIECE: usize = 1 << 20;
    let mut header = tar::Header::new_gnu();
    header.set_path(name).unwrap();
    header.set_mode(0o644);
    header.set_size(mebibytes << 20);
    header.set_cksum();
    let head = Bytes::copy_from_slice(header.as_bytes());
    let end = Bytes::from(vec![0; 1024]);
    stream::iter([Ok(head)])
        .chain(stream::iter(
            (0..mebibytes).map(|_| Ok(Bytes::from(vec![0; PIECE]))),
        ))
        .chain(stream::iter([Ok(end)]))
        .boxed()
}

/// The entries of an archive: path, mode, content.
pub async fn entries(archive: ByteStream) -> Vec<(String, u32, Vec<u8>)> {
    let bytes: Vec<Bytes> = archive.try_collect().await.expect("the archive is whole");
    tar::Archive::new(bytes.concat().as_slice())
        .entries()
        .unwrap()
        .map(|entry| {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().display().to_string();
            // Docker puts the kind of the file into the mode as well.
            let mode = entry.header().mode().unwrap() & 0o7777;
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            (path, mode, content)
        })
        .collect()
}
