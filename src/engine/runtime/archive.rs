//! Archives of images: what `docker save` writes, and OCI layouts.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

use crate::checksum::{is_sha256, sha256_hex};
use crate::engine::image::ImageContent;
use crate::regular_file;

/// Maximum size of a `manifest.json`, an `index.json` or a configuration; real ones have a few kilobytes.
pub(super) const LIMIT: u64 = 1 << 20;
/// Most entries of an archive. One of a hundred layers has about four hundred.
const MOST_ENTRIES: usize = 100_000;
/// Most layers of an image.
const MOST_LAYERS: usize = 512;

/// Why an archive is no image that can be used.
#[derive(Debug, Error)]
pub(super) enum ArchiveProblem {
    #[error("could not read it")]
    Unreadable(#[from] io::Error),
    #[error("it is not a tar archive; decompress it first if it is compressed")]
    NotTar,
    #[error("it has more than {MOST_ENTRIES} entries")]
    Entries,
    #[error("it has no {name:?}, which an archive of an image has")]
    Missing { name: String },
    #[error("{name:?} in it is larger than {}", bytesize::ByteSize(LIMIT))]
    Large { name: String },
    #[error("{name:?} in it is malformed")]
    Malformed {
        name: String,
        #[source]
        source: serde_json::Error,
    },
    #[error("it must contain exactly one image")]
    NotOne,
    #[error("{digest:?} in it is not a digest")]
    NoDigest { digest: String },
    #[error("its configuration lists {listed} layers, but it has {found}")]
    Layers { listed: usize, found: usize },
    #[error("its image has more than {MOST_LAYERS} layers")]
    TooManyLayers,
    #[error("its image is for {os}, not for linux")]
    OtherSystem { os: String },
}

/// The only image in an archive.
#[derive(Debug)]
pub(super) struct Archived {
    /// Digest of its configuration, `sha256:...`.
    pub id: String,
    pub config: Config,
    /// Where its layers are in the archive: offset and length in bytes.
    pub layers: Vec<(u64, u64)>,
    file: File,
}

/// The part of an image's configuration that matters here.
#[derive(Debug, Deserialize)]
pub(super) struct Config {
    pub architecture: String,
    #[serde(default)]
    pub os: String,
    #[serde(default, rename = "config")]
    pub settings: Settings,
    pub rootfs: Layers,
}

/// What a container of the image begins with.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Settings {
    #[serde(default)]
    pub env: Option<Vec<String>>,
    #[serde(default)]
    pub labels: Option<BTreeMap<String, String>>,
}

/// The layers of an image.
#[derive(Debug, Deserialize)]
pub(super) struct Layers {
    /// Digests of them unpacked, the lowest first.
    #[serde(default)]
    pub diff_ids: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    #[serde(default)]
    layers: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Index {
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Manifest {
    config: Descriptor,
    layers: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
}

impl Archived {
    /// Finds the only image in the archive.
    pub(super) fn read(path: &Path) -> Result<Self, ArchiveProblem> {
        let mut file = regular_file::open(path)?;
        let content = list(&mut file)?;
        let mut contents = Contents { file, content };
        let (config, layers) = if contents.has("manifest.json") {
            let images: Vec<Saved> = contents.parsed("manifest.json")?;
            let [image] = <[Saved; 1]>::try_from(images).map_err(|_| ArchiveProblem::NotOne)?;
            (image.config, image.layers.unwrap_or_default())
        } else {
            let index: Index = contents.parsed("index.json")?;
            let [only] = index.manifests.as_slice() else {
                return Err(ArchiveProblem::NotOne);
            };
            let manifest: Manifest = contents.parsed(&blob(&only.digest)?)?;
            let layers = manifest.layers.iter().map(|layer| blob(&layer.digest));
            let layers: Result<Vec<_>, _> = layers.collect();
            (blob(&manifest.config.digest)?, layers?)
        };
        let text = contents.text(&config)?;
        let id = format!("sha256:{}", sha256_hex(&text));
        let found = Config::parse(&text, &config, layers.len())?;
        let layers: Result<Vec<_>, _> = layers.iter().map(|layer| contents.find(layer)).collect();
        Ok(Self {
            id,
            config: found,
            layers: layers?,
            file: contents.file,
        })
    }

    /// One of its layers, unpacked if it is compressed.
    pub(super) fn layer(
        &self,
        (offset, length): (u64, u64),
    ) -> io::Result<Box<dyn Read + Send + '_>> {
        layer_in(&self.file, offset, length)
    }
}

/// The layer at that place of a file, unpacked if it is compressed.
pub(super) fn layer_in(
    mut file: &File,
    offset: u64,
    length: u64,
) -> io::Result<Box<dyn Read + Send + '_>> {
    file.seek(SeekFrom::Start(offset))?;
    let mut beginning = [0; 4];
    let mut read = 0;
    while read < beginning.len() {
        match file.take(length).read(&mut beginning[read..])? {
            0 => break,
            some => read += some,
        }
    }
    file.seek(SeekFrom::Start(offset))?;
    let layer = io::BufReader::with_capacity(128 << 10, file.take(length));
    Ok(match beginning {
        [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(layer)),
        [0x28, 0xb5, 0x2f, 0xfd] => Box::new(zstd::stream::read::Decoder::with_buffer(layer)?),
        _ => Box::new(layer),
    })
}

impl Config {
    /// Reads the configuration `name` of an image with so many layers.
    pub(super) fn parse(text: &[u8], name: &str, layers: usize) -> Result<Self, ArchiveProblem> {
        let found: Self =
            serde_json::from_slice(text).map_err(|source| ArchiveProblem::Malformed {
                name: name.to_owned(),
                source,
            })?;
        if !matches!(found.os.as_str(), "" | "linux") {
            return Err(ArchiveProblem::OtherSystem { os: found.os });
        }
        let listed = found.rootfs.diff_ids.as_ref().map_or(0, Vec::len);
        if listed != layers {
            return Err(ArchiveProblem::Layers {
                listed,
                found: layers,
            });
        }
        if listed > MOST_LAYERS {
            return Err(ArchiveProblem::TooManyLayers);
        }
        Ok(found)
    }

    /// What the image contributes to a build, and its labels.
    pub(super) fn content(self) -> (ImageContent, BTreeMap<String, String>) {
        let content = ImageContent {
            layers: self.rootfs.diff_ids.unwrap_or_default(),
            environment: self.settings.env.unwrap_or_default(),
            architecture: self.architecture,
        };
        (content, self.settings.labels.unwrap_or_default())
    }
}

/// Where an OCI layout has the file with that digest.
fn blob(digest: &str) -> Result<String, ArchiveProblem> {
    match digest.strip_prefix("sha256:") {
        Some(hex) if is_sha256(hex) => Ok(format!("blobs/sha256/{hex}")),
        _ => Err(ArchiveProblem::NoDigest {
            digest: digest.to_owned(),
        }),
    }
}

/// What an archive has at a path.
enum Content {
    /// Offset and length in bytes.
    File(u64, u64),
    /// Docker writes a layer that it has written before as a link to it.
    Link(PathBuf),
}

struct Contents {
    file: File,
    content: BTreeMap<PathBuf, Content>,
}

impl Contents {
    fn has(&self, name: &str) -> bool {
        self.content.contains_key(Path::new(name))
    }

    fn find(&self, name: &str) -> Result<(u64, u64), ArchiveProblem> {
        let missing = || ArchiveProblem::Missing {
            name: name.to_owned(),
        };
        let mut path = normal(Path::new(name)).ok_or_else(missing)?;
        for _ in 0..2 {
            match self.content.get(&path) {
                Some(Content::File(offset, length)) => return Ok((*offset, *length)),
                Some(Content::Link(target)) => path.clone_from(target),
                None => break,
            }
        }
        Err(missing())
    }

    fn text(&mut self, name: &str) -> Result<Vec<u8>, ArchiveProblem> {
        let (offset, length) = self.find(name)?;
        if length > LIMIT {
            let name = name.to_owned();
            return Err(ArchiveProblem::Large { name });
        }
        let mut text = Vec::new();
        self.file.seek(SeekFrom::Start(offset))?;
        (&self.file).take(length).read_to_end(&mut text)?;
        Ok(text)
    }

    fn parsed<T: serde::de::DeserializeOwned>(&mut self, name: &str) -> Result<T, ArchiveProblem> {
        let text = self.text(name)?;
        serde_json::from_slice(&text).map_err(|source| ArchiveProblem::Malformed {
            name: name.to_owned(),
            source,
        })
    }
}

/// What is in the archive; of several entries by one name, the first.
fn list(file: &mut File) -> Result<BTreeMap<PathBuf, Content>, ArchiveProblem> {
    let mut content = BTreeMap::new();
    let mut archive = tar::Archive::new(file);
    // Raw: the names that are looked for are short ones.
    let entries = archive.entries_with_seek()?.raw(true);
    for (number, entry) in entries.enumerate() {
        let Ok(entry) = entry else {
            return Err(ArchiveProblem::NotTar);
        };
        if number >= MOST_ENTRIES {
            return Err(ArchiveProblem::Entries);
        }
        let kind = entry.header().entry_type();
        let Some(path) = entry.path().ok().and_then(|path| normal(&path)) else {
            continue;
        };
        let found = if kind.is_file() {
            Content::File(entry.raw_file_position(), entry.size())
        } else if kind.is_symlink() || kind.is_hard_link() {
            let Ok(Some(target)) = entry.link_name() else {
                continue;
            };
            let from = path.parent().filter(|_| kind.is_symlink());
            let Some(target) = normal(&from.unwrap_or(Path::new("")).join(target)) else {
                continue;
            };
            Content::Link(target)
        } else {
            continue;
        };
        content.entry(path).or_insert(found);
    }
    Ok(content)
}

/// A path without `.` and `..`; `None` for an absolute one and for one that leads out.
fn normal(path: &Path) -> Option<PathBuf> {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => normal.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !normal.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(normal)
}
