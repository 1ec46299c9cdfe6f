//! Files of an artifact, written into a directory beside the one where they are wanted.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tempfile::TempDir;

use super::artifact::{AT_A_TIME, LARGEST_RESULT, MODE};
use super::error::DistributionError;
use crate::artifacts::{INDEX, MANIFEST, exchange};
use crate::harmless::harmless;
use crate::inside::inside;
use crate::transport::{Descriptor, Repository, TITLE};

/// Most directories above a file of a release.
const DEEPEST: usize = 4;

/// A directory beside the one where something is wanted; removed when dropped.
pub(super) struct Staging {
    wanted: PathBuf,
    /// What is written, in a directory that is this run's alone.
    folder: PathBuf,
    outer: TempDir,
    /// Held as long as this run lives: one that was killed no longer has it.
    _lock: File,
}

impl Staging {
    /// Makes it, unless there is something in the wanted directory that is not this tool's; what killed runs left is removed.
    pub(super) fn beside(wanted: &Path) -> Result<Self, DistributionError> {
        let unwritable = |source| DistributionError::Unwritable {
            path: wanted.to_owned(),
            source,
        };
        // A path ending in `..` or `/` has no name of its own that could be exchanged.
        let wanted_path = std::path::absolute(wanted).map_err(unwritable)?;
        let (Some(parent), Some(name)) = (wanted_path.parent(), wanted_path.file_name()) else {
            let source = std::io::Error::from(std::io::ErrorKind::InvalidInput);
            return Err(unwritable(source));
        };
        require_replaceable(wanted)?;
        fs::create_dir_all(parent).map_err(unwritable)?;
        let prefix = format!(".{}.partial-", name.to_string_lossy());
        sweep(parent, &prefix);
        let mut builder = tempfile::Builder::new();
        let outer = builder.prefix(&prefix).tempdir_in(parent);
        let outer = outer.map_err(unwritable)?;
        let lock = File::open(outer.path()).map_err(unwritable)?;
        lock.lock().map_err(unwritable)?;
        let folder = outer.path().join(name);
        // The temporary directory is its owner's alone, this one as any that the user makes.
        fs::create_dir(&folder).map_err(unwritable)?;
        Ok(Self {
            wanted: wanted_path,
            folder,
            outer,
            _lock: lock,
        })
    }

    /// The directory to write into.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Puts it in its place, in one step.
    pub(super) fn publish(self) -> Result<(), DistributionError> {
        let unwritable = |source| DistributionError::Unwritable {
            path: self.wanted.clone(),
            source,
        };
        // Somebody else may have put something there meanwhile.
        require_replaceable(&self.wanted)?;
        exchange(&self.folder, &self.wanted).map_err(unwritable)?;
        // What was there before is in the temporary directory now.
        let _ = self.outer.close();
        Ok(())
    }
}

/// Refuses a directory that has something of others.
///
/// # Errors
/// [`DistributionError::Foreign`].
pub(super) fn require_replaceable(wanted: &Path) -> Result<(), DistributionError> {
    if is_replaceable(wanted) {
        return Ok(());
    }
    let path = wanted.to_owned();
    Err(DistributionError::Foreign { path })
}

/// Whether a directory is missing or empty, or has a result or a release.
fn is_replaceable(folder: &Path) -> bool {
    if folder.join(MANIFEST).is_file() || folder.join(INDEX).is_file() {
        return true;
    }
    match fs::symlink_metadata(folder) {
        Err(_) => true,
        Ok(metadata) => {
            metadata.is_dir()
                && fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
        }
    }
}

/// Removes what killed runs left.
fn sweep(parent: &Path, prefix: &str) {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    for entry in entries {
        let is_left = entry.file_name().to_string_lossy().starts_with(prefix);
        // Opening what somebody else put there, a named pipe, could wait for ever.
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_left
            && is_folder
            && let Ok(folder) = File::open(entry.path())
            && folder.try_lock().is_ok()
        {
            // What cannot be removed is in nobody's way.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Which names files have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Plain file names.
    Flat,
    /// Paths.
    Below,
}

impl Depth {
    /// The path of a name below a directory.
    ///
    /// # Errors
    /// What is wrong with the name, as harmless text.
    pub(super) fn path(self, folder: &Path, name: &str) -> Result<PathBuf, String> {
        let shown = harmless(name).replace('\n', " ");
        let shown: String = shown.chars().take(100).collect();
        let parts = name.split('/').count();
        let deepest = if self == Self::Flat { 1 } else { DEEPEST };
        if name.is_empty() {
            return Err("one without a name".to_owned());
        }
        if parts > deepest || name.len() > 255 || name.contains(char::is_control) {
            return Err(format!("the name {shown:?} is not one of a file"));
        }
        inside(folder, name).map_err(|_| format!("the name {shown:?} leads out of its directory"))
    }
}

/// A file that an artifact has.
pub(super) struct ArtifactFile {
    /// How its content is described.
    layer: Descriptor,
    /// Where it goes.
    path: PathBuf,
}

impl ArtifactFile {
    /// Its size in bytes, as it was announced.
    pub(super) fn size(&self) -> u64 {
        self.layer.size
    }
}

/// The files of a manifest, with their places below `into`; nothing of them is fetched yet.
///
/// # Errors
/// [`DistributionError::File`] for a name that leads elsewhere, and for too many bytes.
pub(super) fn files_of(
    reference: &str,
    layers: &[Descriptor],
    into: &Path,
    depth: Depth,
) -> Result<Vec<ArtifactFile>, DistributionError> {
    let wrong = |problem: String| DistributionError::File {
        reference: reference.to_owned(),
        problem,
    };
    let mut total = 0_u64;
    let mut files = Vec::new();
    for layer in layers {
        let name = layer.annotations.get(TITLE).map_or("", String::as_str);
        let path = depth.path(into, name).map_err(wrong)?;
        total = total.saturating_add(layer.size);
        if total > LARGEST_RESULT {
            let limit = bytesize::ByteSize(LARGEST_RESULT);
            return Err(wrong(format!("all together have more than {limit}")));
        }
        let layer = layer.clone();
        files.push(ArtifactFile { layer, path });
    }
    Ok(files)
}

/// Refuses files that have the same place, of one manifest or of several.
///
/// # Errors
/// [`DistributionError::File`].
pub(super) fn require_different(
    files: &[ArtifactFile],
    into: &Path,
    reference: &str,
) -> Result<(), DistributionError> {
    let mut known = BTreeSet::new();
    match files.iter().find(|file| !known.insert(&file.path)) {
        None => Ok(()),
        Some(file) => {
            let name = file.path.strip_prefix(into).unwrap_or(&file.path);
            Err(DistributionError::File {
                reference: reference.to_owned(),
                problem: format!("{} is there twice", harmless(&name.to_string_lossy())),
            })
        }
    }
}

/// Fetches files, several at a time. Each is checked by its digest and size. Returns their paths with their digests.
pub(super) async fn fetch_files(
    at: &Repository<'_>,
    files: &[ArtifactFile],
) -> Result<BTreeMap<PathBuf, String>, DistributionError> {
    let fetches = files.iter().map(|ArtifactFile { layer, path }| async move {
        let unwritable = |source| DistributionError::Unwritable {
            path: path.clone(),
            source,
        };
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(unwritable)?;
        }
        at.fetch_file(layer, path).await?;
        let is_program = layer
            .annotations
            .get(MODE)
            .is_some_and(|mode| mode == "755");
        let mode = if is_program { 0o755 } else { 0o644 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(unwritable)?;
        Ok((path.clone(), layer.digest.hex().to_owned()))
    });
    let fetches: Vec<_> = fetches.collect();
    stream::iter(fetches)
        .buffer_unordered(AT_A_TIME)
        .try_collect()
        .await
}
