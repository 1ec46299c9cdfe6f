//! Archives with one small file.

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::engine::ByteStream;

/// An archive with one file that everybody may read; `modified` is in seconds since 1970.
pub(super) fn one_file_archive(path: &str, text: &str, modified: u64) -> ByteStream {
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o644);
    header.set_size(text.len() as u64);
    header.set_mtime(modified);
    let mut archive = tar::Builder::new(Vec::new());
    let written = archive
        .append_data(&mut header, path, text.as_bytes())
        .and_then(|()| archive.into_inner());
    stream::once(async move { written.map(Bytes::from) })
        .map_err(std::io::Error::from)
        .boxed()
}
