//! Compresses what goes into a bundle, and unpacks layers that come out of one.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use super::document::{GZIP_TYPE, LAYER_TYPE};
use super::error::BundleError;
use super::output::unwritable;
use crate::checksum::hex;
use crate::regular_file;
use crate::transport::{Descriptor, Digest};

/// How hard zstd tries: an image of Debian packages is much smaller than by `gzip -9`, and the encoder takes about 30 MiB.
const LEVEL: i32 = 11;
/// How much a layer may ask to be remembered while it is unpacked: 32 MiB, as a power of two.
const LARGEST_WINDOW: u32 = 25;
/// Bytes that are copied at a time.
const CHUNK: usize = 256 << 10;

/// A layer that was compressed into a file.
#[derive(Debug, Clone)]
pub struct PackedLayer {
    /// The compressed layer.
    pub content: Descriptor,
    /// Digest of the archive itself.
    pub unpacked: Digest,
    /// Size of the archive itself in bytes.
    pub unpacked_size: u64,
}

/// Compresses a layer, read to its end, into the new file `path`.
///
/// # Errors
/// [`BundleError::Pack`], [`BundleError::Unwritable`].
pub fn pack_layer(what: &str, layer: impl Read, path: &Path) -> Result<PackedLayer, BundleError> {
    let file = File::create_new(path).map_err(unwritable(path))?;
    let encoder = zstd::Encoder::new(Summed::new(file), LEVEL).map_err(unwritable(path))?;
    let mut encoder = Summed::new(encoder);
    copy(what, layer, &mut encoder, path)?;
    let (encoder, unpacked, unpacked_size) = encoder.finish();
    let packed = encoder.finish().map_err(unwritable(path))?;
    let (_, digest, size) = packed.finish();
    Ok(PackedLayer {
        content: Descriptor::new(LAYER_TYPE, digest, size),
        unpacked,
        unpacked_size,
    })
}

/// Writes something of that media type into the new file `path`, and says what it is.
///
/// # Errors
/// [`BundleError::Unwritable`], and those of `write`.
pub fn spool<E: From<BundleError>>(
    media_type: &str,
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
) -> Result<Descriptor, E> {
    let file = File::create_new(path).map_err(unwritable(path))?;
    let mut file = Summed::new(io::BufWriter::with_capacity(CHUNK, file));
    write(&mut file)?;
    file.flush().map_err(unwritable(path))?;
    let (_, digest, size) = file.finish();
    Ok(Descriptor::new(media_type, digest, size))
}

/// Compresses a program into the new file `path`, so that any machine can unpack it.
///
/// # Errors
/// [`BundleError::Pack`], [`BundleError::Unwritable`].
pub fn pack_gzip(what: &str, content: impl Read, path: &Path) -> Result<Descriptor, BundleError> {
    let file = File::create_new(path).map_err(unwritable(path))?;
    let mut encoder = GzEncoder::new(Summed::new(file), Compression::default());
    copy(what, content, &mut encoder, path)?;
    let packed = encoder.finish().map_err(unwritable(path))?;
    let (_, digest, size) = packed.finish();
    Ok(Descriptor::new(GZIP_TYPE, digest, size))
}

/// Digest and size of the archive in the layer at `path`.
///
/// # Errors
/// [`BundleError::Unreadable`], [`BundleError::Pack`].
pub fn measure_layer(what: &str, path: &Path) -> Result<(Digest, u64), BundleError> {
    let file = regular_file::open(path).map_err(|source| BundleError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let failed = |source| BundleError::Pack {
        what: what.to_owned(),
        source,
    };
    let mut sum = Summed::new(io::sink());
    let layer = unpacked(file).map_err(failed)?;
    copy(what, layer, &mut sum, path)?;
    let (_, digest, size) = sum.finish();
    Ok((digest, size))
}

/// A layer without its compression, which its first bytes show.
///
/// # Errors
/// What reading brings.
pub fn unpacked(layer: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
    let mut layer = BufReader::with_capacity(CHUNK, layer);
    let mut beginning = Vec::new();
    layer.by_ref().take(4).read_to_end(&mut beginning)?;
    let whole = io::Cursor::new(beginning.clone()).chain(layer);
    let whole = BufReader::with_capacity(CHUNK, whole);
    Ok(match beginning[..] {
        [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(whole)),
        [0x28, 0xb5, 0x2f, 0xfd] => {
            let mut layer = zstd::Decoder::with_buffer(whole)?;
            layer.window_log_max(LARGEST_WINDOW)?;
            Box::new(layer)
        }
        _ => Box::new(whole),
    })
}

fn copy(
    what: &str,
    mut from: impl Read,
    to: &mut impl Write,
    path: &Path,
) -> Result<(), BundleError> {
    let mut buffer = vec![0; CHUNK];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return to.flush().map_err(unwritable(path)),
            Ok(read) => to.write_all(&buffer[..read]).map_err(unwritable(path))?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => {
                let what = what.to_owned();
                return Err(BundleError::Pack { what, source });
            }
        }
    }
}

/// Counts and sums up what is written.
struct Summed<W> {
    to: W,
    sum: Sha256,
    size: u64,
}

impl<W> Summed<W> {
    fn new(to: W) -> Self {
        Self {
            to,
            sum: Sha256::new(),
            size: 0,
        }
    }

    fn finish(self) -> (W, Digest, u64) {
        let hex = hex(&self.sum.finalize());
        // What `hex` writes is a digest.
        let digest = Digest::from_hex(&hex).unwrap_or_else(|| Digest::of(&[]));
        (self.to, digest, self.size)
    }
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.sum.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
