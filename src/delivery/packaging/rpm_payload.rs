//! The payload of an rpm: a cpio archive of its files, compressed. It is written to a file as it is made, because the library
//! that writes the rest would hold all of it in memory.
//!
//! The format is that of `newc` in cpio(5): <https://man.freebsd.org/cgi/man.cgi?query=cpio&sektion=5>.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use crate::checksum::hex;
use crate::recipe::RpmCompression;

/// The level of gzip: higher levels take much longer for programs and save little.
const GZIP_LEVEL: u32 = 6;
/// The level of zstd: the highest levels take minutes for kubelet, and more memory than packaging may.
const ZSTD_LEVEL: i32 = 9;
/// The name of the entry at the end of an archive.
const TRAILER: &str = "TRAILER!!!";

/// A payload on the disk.
pub(super) struct Payload {
    /// The compressed archive, to be read from its beginning; it has no name.
    pub(super) file: File,
    /// Its size in bytes.
    pub(super) size: u64,
    /// Its sha256.
    pub(super) sha256: String,
    /// The sha256 of the archive before it was compressed.
    pub(super) archive_sha256: String,
}

/// A file of the archive.
pub(super) struct Member<'a> {
    /// Its absolute path.
    pub(super) path: PathBuf,
    /// Its type and permissions.
    pub(super) mode: u32,
    /// Its time, in seconds since the Unix epoch.
    pub(super) modified: u32,
    /// How many bytes it has.
    pub(super) size: u32,
    /// These bytes; the target of a link.
    pub(super) content: Box<dyn Read + 'a>,
}

impl RpmCompression {
    /// The compression and its level, as a package's header has them.
    pub(super) fn tags(self) -> (&'static str, String) {
        match self {
            Self::Gzip => ("gzip", GZIP_LEVEL.to_string()),
            Self::Zstd => ("zstd", ZSTD_LEVEL.to_string()),
        }
    }
}

/// Writes the archive of these files to a file without a name in `out`.
pub(super) fn write(
    compression: RpmCompression,
    members: Vec<Member<'_>>,
    out: &Path,
) -> io::Result<Payload> {
    let compressed = Digesting::new(BufWriter::new(tempfile::tempfile_in(out)?));
    let (archive_sha256, compressed) = match compression {
        RpmCompression::Gzip => {
            let encoder = GzEncoder::new(compressed, flate2::Compression::new(GZIP_LEVEL));
            let (encoder, sha256) = archive(encoder, members)?;
            (sha256, encoder.finish()?)
        }
        RpmCompression::Zstd => {
            let encoder = zstd::Encoder::new(compressed, ZSTD_LEVEL)?;
            let (encoder, sha256) = archive(encoder, members)?;
            (sha256, encoder.finish()?)
        }
    };
    let (file, sha256, size) = compressed.finish();
    let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    io::Seek::rewind(&mut file)?;
    Ok(Payload {
        file,
        size,
        sha256,
        archive_sha256,
    })
}

fn archive<W: Write>(to: W, members: Vec<Member<'_>>) -> io::Result<(W, String)> {
    let mut to = Digesting::new(to);
    let mut inode = 0;
    for mut member in members {
        inode += 1;
        let name = format!(".{}", member.path.display());
        entry(
            &mut to,
            inode,
            &name,
            (member.mode, member.modified),
            member.size,
        )?;
        let copied = io::copy(&mut member.content, &mut to)?;
        if copied != u64::from(member.size) {
            return Err(io::Error::other("it changed while it was packaged"));
        }
        pad(&mut to)?;
    }
    entry(&mut to, 0, TRAILER, (0, 0), 0)?;
    let (to, sha256, _) = to.finish();
    Ok((to, sha256))
}

/// What is before the bytes of a file.
fn entry<W: Write>(
    to: &mut Digesting<W>,
    inode: u32,
    name: &str,
    (mode, modified): (u32, u32),
    size: u32,
) -> io::Result<()> {
    let name_size = u32::try_from(name.len() + 1).map_err(io::Error::other)?;
    // Inode, mode, user, group, links, time, size, two numbers of its device, two of the device that it is, size of its
    // name, and a sum that this format does not use.
    let fields = [
        inode, mode, 0, 0, 1, modified, size, 0, 0, 0, 0, name_size, 0,
    ];
    to.write_all(b"070701")?;
    for field in fields {
        write!(to, "{field:08x}")?;
    }
    write!(to, "{name}\0")?;
    pad(to)
}

/// Everything begins at a multiple of four bytes.
fn pad<W: Write>(to: &mut Digesting<W>) -> io::Result<()> {
    while !to.length.is_multiple_of(4) {
        to.write_all(&[0])?;
    }
    Ok(())
}

/// Sums and counts what is written.
struct Digesting<W> {
    to: W,
    hasher: Sha256,
    length: u64,
}

impl<W: Write> Digesting<W> {
    fn new(to: W) -> Self {
        Self {
            to,
            hasher: Sha256::new(),
            length: 0,
        }
    }

    /// Where it was written to, its sha256 and its size.
    fn finish(self) -> (W, String, u64) {
        (self.to, hex(&self.hasher.finalize()), self.length)
    }
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
