//! Writes a bundle.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use tar::{EntryType, Header};

use super::document::{BUNDLE_TYPE, Base, BundleDocument, DOCUMENT_TYPE};
use super::entries::{BLOBS, INDEX, MARK};
use super::error::BundleError;
use super::output::Output;
use super::set::Bundles;
use crate::regular_file;
use crate::transport::{Descriptor, Digest, Document, Index, Manifest, REF_NAME};

/// Most blobs, which are the layers of one manifest.
const MOST_BLOBS: usize = 4096;
/// The content of the file that says that this is a layout.
const MARK_TEXT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;
/// The tag of a bundle in its index.
const TAG: &str = "bundle";
/// Bytes that are copied at a time.
const CHUNK: usize = 256 << 10;
/// Size of a block of an archive in bytes.
const BLOCK: usize = 512;

/// Writes a bundle, blob by blob. The same blobs in the same order give the same bytes.
pub struct BundleWriter {
    output: Output,
    since: Option<Bundles>,
    written: BTreeSet<Digest>,
    left_out: BTreeSet<Digest>,
    left_out_bytes: u64,
}

/// What was written.
#[derive(Debug, Clone)]
pub struct Written {
    /// The file, or its parts.
    pub files: Vec<PathBuf>,
    /// Bytes of all of them.
    pub size: u64,
    /// Digest of the bundle's manifest.
    pub digest: Digest,
    /// The tool, compressed by gzip; `None` if an earlier bundle has it.
    pub tool: Option<Digest>,
    /// How many blobs are in it.
    pub blobs: usize,
    /// How many blobs were left out, because an earlier bundle has them.
    pub left_out: usize,
    /// Bytes of those.
    pub left_out_bytes: u64,
}

impl BundleWriter {
    /// Begins a bundle at `path`, in parts of at most `split` bytes, without what `since` has.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn create(
        path: &Path,
        split: Option<u64>,
        since: Option<Bundles>,
    ) -> Result<Self, BundleError> {
        let mut writer = Self {
            output: Output::create(path, split)?,
            since,
            written: BTreeSet::new(),
            left_out: BTreeSet::new(),
            left_out_bytes: 0,
        };
        writer.entry(MARK, MARK_TEXT)?;
        Ok(writer)
    }

    /// The earlier bundle.
    pub fn since(&self) -> Option<&Bundles> {
        self.since.as_ref()
    }

    /// Where there is room for what is to be put into the bundle: beside it.
    pub fn directory(&self) -> &Path {
        self.output.directory()
    }

    /// Whether a blob need not be put into it, because it is there or in the earlier bundle; from now on it counts as part of it.
    pub fn takes(&mut self, blob: &Descriptor) -> bool {
        if self.written.contains(&blob.digest) || self.left_out.contains(&blob.digest) {
            return true;
        }
        let is_earlier = self.since.as_ref().is_some_and(|since| {
            let mut known = since.document().blobs();
            known.any(|known| known.digest == blob.digest && known.size == blob.size)
        });
        if is_earlier {
            self.left_out.insert(blob.digest.clone());
            self.left_out_bytes += blob.size;
        }
        is_earlier
    }

    /// Puts a small blob.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn put_bytes(&mut self, blob: &Descriptor, bytes: &[u8]) -> Result<(), BundleError> {
        if self.takes(blob) {
            return Ok(());
        }
        self.entry(&format!("{BLOBS}{}", blob.digest.hex()), bytes)?;
        self.written.insert(blob.digest.clone());
        Ok(())
    }

    /// Puts the content of a file, which has the digest and the size that the descriptor says.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn put_file(&mut self, blob: &Descriptor, file: &Path) -> Result<(), BundleError> {
        if self.takes(blob) {
            return Ok(());
        }
        let unreadable = |source| BundleError::Unreadable {
            path: file.to_owned(),
            source,
        };
        let mut content = regular_file::open(file).map_err(unreadable)?;
        self.header(&format!("{BLOBS}{}", blob.digest.hex()), blob.size)?;
        let mut left = blob.size;
        let mut buffer = vec![0; CHUNK];
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
            let read = content.read(&mut buffer[..most]).map_err(unreadable)?;
            if read == 0 {
                let ended = std::io::ErrorKind::UnexpectedEof.into();
                return Err(unreadable(ended));
            }
            self.output.write(&buffer[..read])?;
            left -= read as u64;
        }
        self.fill(blob.size)?;
        self.written.insert(blob.digest.clone());
        Ok(())
    }

    /// Writes what the bundle says of itself, and gives it its name. `images` are the manifests of the images that other tools
    /// can read, by name.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn finish(
        mut self,
        mut document: BundleDocument,
        images: Vec<(String, Descriptor)>,
    ) -> Result<Written, BundleError> {
        if let Some(since) = self.since.take() {
            document.since = self.bases(&since);
            self.since = Some(since);
        }
        let text = serde_json::to_vec(&document).unwrap_or_default();
        let config = Descriptor::of(DOCUMENT_TYPE, &text);
        self.put_bytes(&config, &text)?;
        let blobs: BTreeMap<_, _> = document
            .blobs()
            .map(|blob| (blob.digest.clone(), blob.clone()))
            .collect();
        if blobs.len() > MOST_BLOBS {
            return Err(BundleError::TooManyBlobs { most: MOST_BLOBS });
        }
        let manifest = Manifest {
            config,
            ..Manifest::of_artifact(BUNDLE_TYPE, blobs.into_values().collect())
        };
        let manifest = Document::from(manifest);
        self.put_bytes(&manifest.descriptor, &manifest.bytes)?;
        let digest = manifest.descriptor.digest.clone();
        let named = images
            .into_iter()
            .map(|(name, image)| image.annotated(REF_NAME, name));
        let own = manifest.descriptor.annotated(REF_NAME, TAG);
        let index = Index::new(None, [own].into_iter().chain(named).collect());
        let text = serde_json::to_vec(&index).unwrap_or_default();
        self.entry(INDEX, &text)?;
        // The end of an archive.
        self.output.write(&[0; 2 * BLOCK])?;
        let (size, blobs) = (self.output.written(), self.written.len());
        let tool = document.tool.digest;
        let tool = Some(tool).filter(|tool| self.written.contains(tool));
        Ok(Written {
            files: self.output.finish()?,
            size,
            digest,
            tool,
            blobs,
            left_out: self.left_out.len(),
            left_out_bytes: self.left_out_bytes,
        })
    }

    /// The earlier bundles, each with what was left out for it: the newest one that says so itself, or the one that it names.
    fn bases(&self, since: &Bundles) -> Vec<Base> {
        let document = since.document();
        let earlier = document.since.iter().map(|base| {
            let left_out = base
                .blobs
                .iter()
                .filter(|blob| self.left_out.contains(blob));
            Base {
                blobs: left_out.cloned().collect(),
                ..base.clone()
            }
        });
        let earlier: Vec<_> = earlier.collect();
        let is_earlier = |blob: &&Digest| !earlier.iter().any(|base| base.blobs.contains(blob));
        let own = self.left_out.iter().filter(is_earlier).cloned().collect();
        let file = since.path().file_name().unwrap_or_default();
        let newest = Base {
            file: file.to_string_lossy().into_owned(),
            digest: since.digest().clone(),
            blobs: own,
        };
        [newest].into_iter().chain(earlier).collect()
    }

    fn entry(&mut self, name: &str, bytes: &[u8]) -> Result<(), BundleError> {
        let size = bytes.len() as u64;
        self.header(name, size)?;
        self.output.write(bytes)?;
        self.fill(size)
    }

    fn header(&mut self, name: &str, size: u64) -> Result<(), BundleError> {
        let mut header = Header::new_ustar();
        // Names of a layout are short.
        let _ = header.set_path(name);
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(size);
        header.set_cksum();
        self.output.write(header.as_bytes())
    }

    fn fill(&mut self, size: u64) -> Result<(), BundleError> {
        let over = usize::try_from(size % BLOCK as u64).unwrap_or_default();
        let missing = over.next_multiple_of(BLOCK) - over;
        self.output.write(&[0; BLOCK][..missing])
    }
}
