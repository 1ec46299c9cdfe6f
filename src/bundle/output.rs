//! The file of a bundle that is being written, or its parts.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::NamedTempFile;

use super::error::BundleError;
use super::parts::{MOST_PARTS, numbers_of, part_path};

/// Beginning of the names of what is not whole yet.
pub const PARTIAL: &str = ".kmembuild-bundle-";
/// How long nobody has written to it before it counts as left by a killed run.
const ABANDONED: Duration = Duration::from_hours(1);

/// Takes the bytes of a bundle. Nothing has its name before all of it is on the disk; what is not finished is removed.
#[derive(Debug)]
pub(super) struct Output {
    path: PathBuf,
    /// Most bytes of a part.
    split: Option<u64>,
    parts: Vec<NamedTempFile>,
    /// Bytes of the last part so far.
    filled: u64,
    written: u64,
}

impl Output {
    pub(super) fn create(path: &Path, split: Option<u64>) -> Result<Self, BundleError> {
        sweep(directory_of(path));
        let mut output = Self {
            path: path.to_owned(),
            split,
            parts: Vec::new(),
            filled: 0,
            written: 0,
        };
        output.begin_part()?;
        Ok(output)
    }

    /// Directory of the bundle.
    pub(super) fn directory(&self) -> &Path {
        directory_of(&self.path)
    }

    fn begin_part(&mut self) -> Result<(), BundleError> {
        if let Some(size) = self.split.filter(|_| self.parts.len() == MOST_PARTS) {
            let most = MOST_PARTS;
            return Err(BundleError::TooManyParts { most, size });
        }
        let file = tempfile::Builder::new()
            .prefix(PARTIAL)
            .tempfile_in(self.directory());
        self.parts.push(file.map_err(unwritable(&self.path))?);
        self.filled = 0;
        Ok(())
    }

    pub(super) fn write(&mut self, mut bytes: &[u8]) -> Result<(), BundleError> {
        while !bytes.is_empty() {
            let room = self.split.map_or(u64::MAX, |split| split - self.filled);
            if room == 0 {
                self.begin_part()?;
                continue;
            }
            let most = usize::try_from(room).unwrap_or(usize::MAX);
            let (now, later) = bytes.split_at(bytes.len().min(most));
            let path = &self.path;
            if let Some(part) = self.parts.last_mut() {
                part.write_all(now).map_err(unwritable(path))?;
            }
            self.filled += now.len() as u64;
            self.written += now.len() as u64;
            bytes = later;
        }
        Ok(())
    }

    /// Bytes so far.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Gives the files their names. What an earlier bundle of that name had is replaced, with all its parts.
    pub(super) fn finish(self) -> Result<Vec<PathBuf>, BundleError> {
        let Self {
            path, split, parts, ..
        } = self;
        let permissions = fs::Permissions::from_mode(0o644);
        for part in &parts {
            let file = part.as_file();
            let done = file.set_permissions(permissions.clone());
            done.and_then(|()| file.sync_all())
                .map_err(unwritable(&path))?;
        }
        if split.is_none() {
            for part in parts {
                let kept = part.persist(&path).map(drop);
                kept.map_err(|error| unwritable(&path)(error.error))?;
            }
            return Ok(vec![path]);
        }
        remove(&path)?;
        for number in numbers_of(&path)? {
            remove(&part_path(&path, number))?;
        }
        let paths: Vec<_> = (1..=parts.len())
            .map(|number| part_path(&path, number))
            .collect();
        // The first one comes last: without it nothing of the others is read.
        for (part, path) in parts.into_iter().zip(&paths).rev() {
            let kept = part.persist(path).map(drop);
            kept.map_err(|error| unwritable(path)(error.error))?;
        }
        Ok(paths)
    }
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// Removes what killed runs left in a directory.
fn sweep(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_partial = name.as_encoded_bytes().starts_with(PARTIAL.as_bytes());
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let age = modified.ok().and_then(|modified| modified.elapsed().ok());
        if is_partial && age.is_some_and(|age| age > ABANDONED) {
            // What cannot be removed is in nobody's way.
            let _ = match entry.file_type() {
                Ok(kind) if kind.is_dir() => fs::remove_dir_all(entry.path()),
                _ => fs::remove_file(entry.path()),
            };
        }
    }
}

fn remove(path: &Path) -> Result<(), BundleError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(unwritable(path)),
    }
}

pub(super) fn unwritable(path: &Path) -> impl Fn(io::Error) -> BundleError + '_ {
    |source| BundleError::Unwritable {
        path: path.to_owned(),
        source,
    }
}
