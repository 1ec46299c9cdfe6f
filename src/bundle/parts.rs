//! The bytes of a bundle, in one file or in several.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use super::error::BundleError;
use crate::regular_file;

/// Most parts: their numbers have three digits.
pub(super) const MOST_PARTS: usize = 999;

/// A file, or the parts of one, read as one.
#[derive(Debug)]
pub(super) struct Parts {
    /// How the bundle is named in messages.
    path: PathBuf,
    files: Vec<Part>,
    length: u64,
}

#[derive(Debug)]
struct Part {
    path: PathBuf,
    file: File,
    /// Where it begins in the whole.
    begin: u64,
    length: u64,
}

impl Parts {
    /// The file of that name, or else its parts `NAME.001`, `NAME.002`…; the first part stands for all of them.
    pub(super) fn open(path: &Path) -> Result<Self, BundleError> {
        let whole = match numbered(path) {
            Some((whole, 1)) => whole,
            Some((whole, _)) => {
                let path = path.to_owned();
                return Err(BundleError::NotFirstPart { path, whole });
            }
            None if is_missing(path) && has_parts(path) => path.to_owned(),
            None => return Self::of(path, vec![path.to_owned()]),
        };
        let mut numbers = numbers_of(&whole)?;
        numbers.sort_unstable();
        let last = numbers.last().copied().unwrap_or(1);
        let paths = (1..=last).map(|number| part_path(&whole, number));
        Self::of(path, paths.collect())
    }

    fn of(path: &Path, paths: Vec<PathBuf>) -> Result<Self, BundleError> {
        let mut parts: Vec<Part> = Vec::new();
        let mut begin: u64 = 0;
        let last = paths.len() - 1;
        for (number, path) in paths.into_iter().enumerate() {
            let opened = regular_file::open(&path);
            let opened = opened.and_then(|file| Ok((file.metadata()?.len(), file)));
            let (length, file) = match opened {
                Ok(opened) => opened,
                Err(error) if error.kind() == io::ErrorKind::NotFound && last > 0 => {
                    return Err(BundleError::PartMissing { path });
                }
                Err(source) => return Err(BundleError::Unreadable { path, source }),
            };
            if let Some(first) = parts.first() {
                let fits = if number < last {
                    length == first.length
                } else {
                    length <= first.length
                };
                if !fits {
                    return Err(BundleError::PartSize {
                        path,
                        expected: first.length,
                        found: length,
                    });
                }
            }
            parts.push(Part {
                path,
                file,
                begin,
                length,
            });
            begin = begin.saturating_add(length);
        }
        Ok(Self {
            path: path.to_owned(),
            files: parts,
            length: begin,
        })
    }

    /// How the bundle is named in messages.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of all parts together.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The file in which a byte is, and where in it.
    pub(super) fn place(&self, offset: u64) -> (&Path, u64) {
        let part = self.part(offset).or(self.files.last());
        part.map_or((&self.path, offset), |part| {
            (&part.path, offset - part.begin)
        })
    }

    fn part(&self, offset: u64) -> Option<&Part> {
        let parts = self.files.iter();
        let mut after = parts.skip_while(|part| offset >= part.begin + part.length);
        after.next()
    }

    /// Reads from a place; 0 at the end.
    pub(super) fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize, BundleError> {
        let Some(part) = self.part(offset) else {
            return Ok(0);
        };
        let within = offset - part.begin;
        let most = usize::try_from(part.length - within).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(most);
        loop {
            match part.file.read_at(&mut buffer[..wanted], within) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => {
                    return read.map_err(|source| BundleError::Unreadable {
                        path: part.path.clone(),
                        source,
                    });
                }
            }
        }
    }
}

/// Path of a part.
pub(super) fn part_path(whole: &Path, number: usize) -> PathBuf {
    let mut name = whole.as_os_str().to_owned();
    name.push(format!(".{number:03}"));
    PathBuf::from(name)
}

/// The whole and the number, of the path of a part.
fn numbered(path: &Path) -> Option<(PathBuf, usize)> {
    let digits = path.extension()?.to_str()?;
    let is_number = digits.len() == 3 && digits.bytes().all(|digit| digit.is_ascii_digit());
    let number = digits.parse().ok().filter(|_| is_number)?;
    Some((path.with_extension(""), number))
}

/// Numbers of the parts that are there.
pub(super) fn numbers_of(whole: &Path) -> Result<Vec<usize>, BundleError> {
    let directory = match whole.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let unreadable = |source| BundleError::Unreadable {
        path: directory.to_owned(),
        source,
    };
    let mut numbers = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let name = PathBuf::from(entry.map_err(unreadable)?.file_name());
        if let Some((name, number)) = numbered(&name)
            && Some(name.as_os_str()) == whole.file_name()
        {
            numbers.push(number);
        }
    }
    Ok(numbers)
}

fn is_missing(path: &Path) -> bool {
    let found = fs::symlink_metadata(path);
    found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

fn has_parts(whole: &Path) -> bool {
    numbers_of(whole).is_ok_and(|numbers| !numbers.is_empty())
}
