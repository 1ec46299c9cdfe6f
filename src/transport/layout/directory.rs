//! A directory in the form of an OCI image layout.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::events::Sink;
use crate::regular_file;
use crate::transport::error::TransportError;

/// The file that says that a directory is a layout.
const MARK: &str = "oci-layout";
/// Largest such file in bytes.
const LARGEST_MARK: u64 = 4 << 10;
/// How the names of files begin that are not whole yet.
pub(super) const PARTIAL: &str = ".partial-";
/// How long nobody has written to a file that is not whole before it counts as left by a killed run.
const ABANDONED: Duration = Duration::from_hours(1);
/// The version of the form.
const VERSION: &str = "1.0.0";

/// A directory in the form of an OCI image layout.
pub struct Layout<'a> {
    pub(super) path: PathBuf,
    pub(super) sink: &'a dyn Sink,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mark {
    image_layout_version: String,
}

impl<'a> Layout<'a> {
    /// The layout in a directory, which is made where something is to be written and there is none.
    pub(crate) fn open(
        path: &Path,
        writes: bool,
        sink: &'a dyn Sink,
    ) -> Result<Self, TransportError> {
        let path = path.to_owned();
        let layout = Self { path, sink };
        let not_one = |reason: String| TransportError::NotALayout {
            path: layout.path.clone(),
            reason,
        };
        let mark = layout.path.join(MARK);
        match regular_file::read(&mark, LARGEST_MARK) {
            Ok(text) => match serde_json::from_slice::<Mark>(&text) {
                Ok(mark) if mark.image_layout_version == VERSION => {
                    if writes {
                        // A run that was killed may have made no more than the mark.
                        layout.make_blobs()?;
                        sweep(&layout.path);
                        sweep(&layout.blobs());
                    }
                    Ok(layout)
                }
                _ => Err(not_one(format!("its {MARK} is not of version {VERSION}"))),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound && writes => {
                layout.make(&mark)?;
                Ok(layout)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(not_one(format!("it has no file {MARK}")))
            }
            Err(source) => Err(TransportError::Unreadable { path: mark, source }),
        }
    }

    fn make(&self, mark: &Path) -> Result<(), TransportError> {
        if !is_free(&self.path) {
            return Err(TransportError::NotALayout {
                path: self.path.clone(),
                reason: format!("it is not empty, and has no file {MARK}"),
            });
        }
        fs::create_dir_all(&self.path).map_err(unwritable(&self.path))?;
        let text = Mark {
            image_layout_version: VERSION.to_owned(),
        };
        let text = serde_json::to_vec(&text).unwrap_or_default();
        // The mark comes first: what is begun here and not finished is a layout already, of nothing.
        self.write(mark, &text)?;
        self.make_blobs()
    }

    fn make_blobs(&self) -> Result<(), TransportError> {
        let blobs = self.blobs();
        fs::create_dir_all(&blobs).map_err(unwritable(&blobs))
    }

    /// Whether there is no layout at `path`, but could be made one: the directory is not there, or has nothing of others.
    pub(crate) fn is_to_be_made(path: &Path) -> bool {
        !path.join(MARK).exists() && is_free(path)
    }

    /// Directory of the blobs.
    pub(super) fn blobs(&self) -> PathBuf {
        self.path.join("blobs").join("sha256")
    }

    /// Writes a file in one step.
    pub(super) fn write(&self, path: &Path, text: &[u8]) -> Result<(), TransportError> {
        let folder = path.parent().unwrap_or(&self.path);
        let mut file = tempfile::Builder::new()
            .prefix(PARTIAL)
            .tempfile_in(folder)
            .map_err(unwritable(path))?;
        io::Write::write_all(&mut file, text).map_err(unwritable(path))?;
        keep(file, path)
    }

    /// Locks the layout for changes of its index, until the file is dropped.
    pub(super) fn lock(&self) -> Result<File, TransportError> {
        let path = self.path.join(MARK);
        let file = regular_file::open(&path).map_err(|source| TransportError::Unreadable {
            path: path.clone(),
            source,
        })?;
        file.lock().map_err(unwritable(&path))?;
        Ok(file)
    }

    /// The layout, for messages.
    pub(super) fn place(&self) -> String {
        format!("oci:{}", self.path.display())
    }

    pub(super) fn not_found(&self, what: impl Into<String>) -> TransportError {
        TransportError::NotFound {
            what: what.into(),
            place: self.place(),
        }
    }
}

/// Whether there is nothing in a directory that is not of a layout.
fn is_free(path: &Path) -> bool {
    fs::read_dir(path).map_or(true, |mut entries| {
        entries.all(|entry| entry.is_ok_and(|entry| is_of_a_layout(&entry.file_name())))
    })
}

/// Whether a layout that is being made has a file of that name: another run may make it at the same time, or was killed.
fn is_of_a_layout(name: &OsStr) -> bool {
    name == "blobs" || name == MARK || name.as_encoded_bytes().starts_with(PARTIAL.as_bytes())
}

/// Removes what killed runs left in a directory.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_partial = entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(PARTIAL.as_bytes());
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let age = modified.ok().and_then(|modified| modified.elapsed().ok());
        if is_partial && age.is_some_and(|age| age > ABANDONED) {
            // What cannot be removed is in nobody's way.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Gives a temporary file, which is whole, its name; others may read it.
pub(super) fn keep(file: tempfile::NamedTempFile, path: &Path) -> Result<(), TransportError> {
    use std::os::unix::fs::PermissionsExt as _;
    let permissions = fs::Permissions::from_mode(0o644);
    let handle = file.as_file();
    let done = handle.set_permissions(permissions);
    done.and_then(|()| handle.sync_all())
        .map_err(unwritable(path))?;
    let kept = file.persist(path).map(drop);
    kept.map_err(|error| unwritable(path)(error.error))
}

pub(super) fn unwritable(path: &Path) -> impl Fn(io::Error) -> TransportError + Copy + '_ {
    |source| TransportError::Unwritable {
        path: path.to_owned(),
        source,
    }
}
