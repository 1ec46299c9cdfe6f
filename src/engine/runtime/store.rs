//! The images of the cache: root file systems, each with all layers of its image unpacked over each other.

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::digest::Written;
use super::rights::Rights;
use super::unpack::UnpackError;
use crate::checksum::{is_sha256, sha256_hex};
use crate::engine::{CheckedImage, Image, ImageContent};
use crate::regular_file;

/// Version of the formats below.
const FORMAT: u32 = 3;
/// Largest file that is read, in bytes: a configuration of an image is hardly larger.
const LARGEST: u64 = 4 << 20;
/// Beginning of the names of what is not whole yet, or not any more.
const PARTIAL: &str = ".partial-";

/// Where the engine keeps everything.
#[derive(Debug)]
pub(super) struct Store {
    /// Absolute.
    directory: PathBuf,
    rights: Rights,
}

/// What is known of an image beside its files.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Record {
    format: u32,
    content: ImageContent,
    labels: BTreeMap<String, String>,
    /// Bytes of its files.
    size: u64,
    /// Digest of its files.
    tree: String,
}

/// A name of an image.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Named {
    format: u32,
    name: String,
    /// Id of the image.
    image: String,
}

/// An image that is being unpacked. What is left of it when it is dropped is removed; what a killed process leaves, by the
/// next one.
pub(super) struct Partial {
    /// None when it has become an image.
    directory: Option<PathBuf>,
    root: PathBuf,
    downloads: PathBuf,
    rights: Rights,
    written: Written,
    /// Nobody takes it for one of a dead process while this is locked.
    _lock: File,
}

impl Drop for Partial {
    fn drop(&mut self) {
        if let Some(directory) = self.directory.take() {
            // What cannot be removed now is tried again by the next process.
            let _ = self.rights.remove(&directory);
        }
    }
}

/// A stored image.
#[derive(Debug)]
pub(super) struct Stored {
    pub image: Image,
    pub names: Vec<String>,
    /// Bytes of its files.
    pub size: u64,
}

impl Partial {
    /// Unpacks a layer over what is there. Returns the size of its files in bytes.
    pub(super) fn unpack_layer(&mut self, archive: impl Read) -> Result<u64, UnpackError> {
        let Self {
            rights,
            root,
            written,
            ..
        } = self;
        rights.unpack_layer(archive, root, written)
    }

    /// Where what is unpacked into them may lie meanwhile.
    pub(super) fn downloads(&self) -> &Path {
        &self.downloads
    }
}

impl Store {
    /// The store in a directory, made if it does not exist. What dead processes left half unpacked is removed.
    pub(super) fn open(directory: &Path, rights: Rights) -> io::Result<Self> {
        for name in ["images", "names", "sessions", "caches", "state"] {
            fs::create_dir_all(directory.join(name))?;
        }
        let store = Self {
            directory: directory.canonicalize()?,
            rights,
        };
        store.remove_partial();
        Ok(store)
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(super) fn rights(&self) -> &Rights {
        &self.rights
    }

    pub(super) fn images(&self) -> PathBuf {
        self.directory.join("images")
    }

    pub(super) fn sessions(&self) -> PathBuf {
        self.directory.join("sessions")
    }

    pub(super) fn caches(&self) -> PathBuf {
        self.directory.join("caches")
    }

    /// Where the runtime keeps what it knows of its containers.
    pub(super) fn state(&self) -> PathBuf {
        self.directory.join("state")
    }

    /// Keeps images and caches from being removed until it is dropped.
    pub(super) fn use_it(&self) -> io::Result<File> {
        let lock = File::create(self.directory.join("lock"))?;
        lock.lock_shared()?;
        Ok(lock)
    }

    /// Keeps everybody from beginning to use an image or a cache until it is dropped.
    pub(super) fn change_it(&self) -> io::Result<File> {
        let lock = File::create(self.directory.join("lock"))?;
        lock.lock()?;
        Ok(lock)
    }

    /// Directory of the image with that id; `None` if that is no id.
    fn place(&self, id: &str) -> Option<PathBuf> {
        let hex = id.strip_prefix("sha256:")?;
        is_sha256(hex).then(|| self.images().join(hex))
    }

    /// Root file system of the image with that id.
    pub(super) fn root(&self, id: &str) -> Option<PathBuf> {
        self.place(id).map(|place| place.join("root"))
    }

    /// The image with that id or name.
    pub(super) fn find(&self, reference: &str) -> io::Result<Option<Image>> {
        if let Some(place) = self.place(reference) {
            return Ok(read(&place)?.map(|record| image(reference, record)));
        }
        let Some(named) = named(&self.name_file(reference))? else {
            return Ok(None);
        };
        let place = self.place(&named.image);
        let place = place.filter(|_| named.name == reference);
        Ok(match place {
            Some(place) => read(&place)?.map(|record| image(&named.image, record)),
            None => None,
        })
    }

    /// All images, by id.
    pub(super) fn list(&self) -> io::Result<Vec<Stored>> {
        let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for file in files(&self.directory.join("names"))? {
            // One that cannot be read names nothing.
            if let Ok(Some(named)) = named(&file) {
                names.entry(named.image).or_default().push(named.name);
            }
        }
        let mut found = Vec::new();
        for place in files(&self.images())? {
            let hex = place.file_name().unwrap_or_default().to_string_lossy();
            let id = format!("sha256:{hex}");
            let Ok(Some(record)) = read(&place) else {
                continue;
            };
            found.push(Stored {
                names: names.remove(&id).unwrap_or_default(),
                size: record.size,
                image: image(&id, record),
            });
        }
        Ok(found)
    }

    /// Whether each image is what was unpacked, until `stop` is cancelled.
    pub(super) fn check(&self, stop: &CancellationToken) -> io::Result<Vec<CheckedImage>> {
        // Nobody removes one meanwhile.
        let _used = self.use_it()?;
        let mut checked = Vec::new();
        for place in files(&self.images())? {
            let hex = place.file_name().unwrap_or_default().to_string_lossy();
            if !is_sha256(&hex) || stop.is_cancelled() {
                continue;
            }
            let problem = match read(&place) {
                Ok(Some(record)) => {
                    match self.rights.digest(&place.join("root"), &Written::default()) {
                        Ok(found) if found == record.tree => None,
                        Ok(_) => Some("its files are not those that were unpacked".to_owned()),
                        Err(error) => Some(error.to_string()),
                    }
                }
                Ok(None) => Some("it has no image.json that this version understands".to_owned()),
                Err(error) => Some(format!("image.json cannot be read: {error}")),
            };
            checked.push(CheckedImage {
                id: format!("sha256:{hex}"),
                problem,
            });
        }
        Ok(checked)
    }

    /// A place for an image that is about to be unpacked.
    pub(super) fn begin(&self) -> io::Result<Partial> {
        // Locked: between its creation and its own lock it would be taken for a dead one.
        let _nobody_sweeps = self.use_it()?;
        let directory = tempfile::Builder::new()
            .prefix(PARTIAL)
            // Its files may be programs with more rights than their users have.
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(self.images())?;
        let lock = File::open(directory.path())?;
        lock.lock()?;
        let root = directory.path().join("root");
        fs::create_dir(&root)?;
        Ok(Partial {
            root,
            downloads: directory.path().join("downloads"),
            rights: self.rights.clone(),
            written: Written::default(),
            directory: Some(directory.keep()),
            _lock: lock,
        })
    }

    /// Makes the image whose files are unpacked the one with that id, unless there is one already.
    pub(super) fn keep(
        &self,
        mut partial: Partial,
        id: &str,
        content: ImageContent,
        labels: BTreeMap<String, String>,
        size: u64,
    ) -> io::Result<Image> {
        let place = self.place(id);
        let place = place.ok_or_else(|| io::Error::other("its id is not a digest"))?;
        let record = Record {
            format: FORMAT,
            content,
            labels,
            size,
            tree: self.rights.digest(&partial.root, &partial.written)?,
        };
        let own = partial.directory.clone().unwrap_or_default();
        fs::write(own.join("image.json"), serde_json::to_vec(&record)?)?;
        match fs::rename(&own, &place) {
            // It has moved: there is nothing left to remove.
            Ok(()) => partial.directory = None,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists
                ) =>
            {
                // Somebody else was faster, or it is one that this version does not understand.
                if !matches!(read(&place), Ok(Some(_))) {
                    self.replace(&own, &place)?;
                    partial.directory = None;
                }
            }
            Err(error) => return Err(error),
        }
        Ok(image(id, record))
    }

    /// Puts an image in the place of one that cannot be used.
    fn replace(&self, new: &Path, place: &Path) -> io::Result<()> {
        let _nobody_begins = self.change_it()?;
        let gone = tempfile::Builder::new()
            .prefix(PARTIAL)
            .tempdir_in(self.images())?
            .keep();
        fs::rename(place, gone.join("image"))?;
        fs::rename(new, place)?;
        self.rights.remove(&gone)
    }

    /// Gives an image a name, which another one may have had.
    pub(super) fn name(&self, name: &str, id: &str) -> io::Result<()> {
        let named = Named {
            format: FORMAT,
            name: name.to_owned(),
            image: id.to_owned(),
        };
        let folder = self.directory.join("names");
        let mut partial = tempfile::NamedTempFile::new_in(&folder)?;
        serde_json::to_writer(&mut partial, &named)?;
        partial.persist(self.name_file(name))?;
        Ok(())
    }

    /// Removes an image and its names. Not there is success. Nobody may begin to use it meanwhile.
    pub(super) fn remove(&self, id: &str) -> io::Result<()> {
        for file in files(&self.directory.join("names"))? {
            let named = named(&file);
            if named.is_ok_and(|named| named.is_some_and(|named| named.image == id)) {
                fs::remove_file(file)?;
            }
        }
        let Some(place) = self.place(id) else {
            return Ok(());
        };
        let gone = tempfile::Builder::new()
            .prefix(PARTIAL)
            .tempdir_in(self.images())?;
        // Whole or not at all, for whoever looks for it.
        match fs::rename(place, gone.path().join("image")) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        self.rights.remove(&gone.keep())
    }

    fn name_file(&self, name: &str) -> PathBuf {
        let file = format!("{}.json", sha256_hex(name.as_bytes()));
        self.directory.join("names").join(file)
    }

    fn remove_partial(&self) {
        // Without a lock, somebody has just begun with one.
        let Ok(_nobody_begins) = self.change_it() else {
            return;
        };
        for path in files(&self.images()).into_iter().flatten() {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if !name.starts_with(PARTIAL) {
                continue;
            }
            let is_dead = File::open(&path).is_ok_and(|folder| folder.try_lock().is_ok());
            if is_dead {
                // What cannot be removed now is tried again by the next one.
                let _ = self.rights.remove(&path);
            }
        }
    }
}

fn named(file: &Path) -> io::Result<Option<Named>> {
    let text = match regular_file::read(file, LARGEST) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let named: Named = serde_json::from_slice(&text)?;
    Ok((named.format == FORMAT).then_some(named))
}

fn image(id: &str, record: Record) -> Image {
    Image {
        id: id.to_owned(),
        content: record.content,
        repo_digests: Vec::new(),
        labels: record.labels,
    }
}

/// The record of the image in that directory.
fn read(place: &Path) -> io::Result<Option<Record>> {
    let text = match regular_file::read(&place.join("image.json"), LARGEST) {
        Ok(text) => text,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let record: Record = serde_json::from_slice(&text)?;
    Ok((record.format == FORMAT).then_some(record))
}

/// What is in a directory, sorted.
pub(super) fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory)?;
    let paths: io::Result<Vec<_>> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths?;
    paths.sort();
    Ok(paths)
}
