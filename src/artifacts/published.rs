//! A published result, read back and checked against its own manifest.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::manifest::{MANIFEST_FORMAT, Manifest};
use crate::checksum::{sha256_hex, sha256_of};
use crate::failure::indented;
use crate::inside::inside;
use crate::plan::{InvalidValue, PLAN_FORMAT, Plan};
use crate::recipe::{MANIFEST, PLAN};
use crate::regular_file::{self, Stoppable};

/// Largest manifest and plan in bytes; those of Kubernetes have a hundredth of it.
const LARGEST: u64 = 16 << 20;

/// A published result with its plan.
#[derive(Debug, Clone)]
pub struct PublishedResult {
    /// Its directory.
    pub directory: PathBuf,
    /// Its manifest.
    pub manifest: Manifest,
    /// Its plan.
    pub plan: Plan,
}

/// A published result that cannot be read back.
#[derive(Debug, Error)]
pub enum PublishedError {
    /// A file of it could not be read.
    #[error("could not read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file of it is not valid JSON of this format.
    #[error("{} is not in a form that this version of kmembuild writes", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A file of it has an unsupported format version.
    #[error("{} has format {found}, but this version of kmembuild reads format {known}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The version of the format.
        found: u32,
        /// The version that is read.
        known: u32,
    },
    /// A file of it contains a value that this tool never writes.
    #[error("{} contains a value that kmembuild never writes", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The value.
        #[source]
        source: InvalidValue,
    },
    /// Its plan does not match its manifest.
    #[error(
        "{} does not match the manifest: its sha256 is {found}, but {expected} was recorded",
        path.display()
    )]
    OtherPlan {
        /// The plan.
        path: PathBuf,
        /// Sha256 of the file.
        found: String,
        /// Sha256 in the manifest.
        expected: String,
    },
    /// Published files do not match its manifest.
    #[error("{} does not match its manifest:{}", directory.display(), indented(wrong))]
    Changed {
        /// The result.
        directory: PathBuf,
        /// One line for each file.
        wrong: Vec<String>,
    },
}

impl PublishedResult {
    /// Reads the result at `given`, which is its manifest or its directory, and checks that its plan and its files match the
    /// manifest. Ends with an error when `is_stopped` returns true.
    ///
    /// # Errors
    /// [`PublishedError`].
    pub fn read(given: &Path, is_stopped: &dyn Fn() -> bool) -> Result<Self, PublishedError> {
        let directory = directory_of(given);
        let manifest = read_manifest(directory)?;
        let path = directory.join(PLAN);
        let text = read(&path)?;
        let found = sha256_hex(&text);
        if found != manifest.plan_sha256 {
            let expected = manifest.plan_sha256;
            return Err(PublishedError::OtherPlan {
                path,
                found,
                expected,
            });
        }
        let plan = parse_plan(&path, &text)?;
        let published = Self {
            directory: directory.to_path_buf(),
            manifest,
            plan,
        };
        published.check_files(is_stopped)?;
        Ok(published)
    }

    /// Compares the published files with the manifest: a changed result cannot be reproduced.
    fn check_files(&self, is_stopped: &dyn Fn() -> bool) -> Result<(), PublishedError> {
        let mut wrong = Vec::new();
        for file in &self.manifest.files {
            let (_, sha256) = inside(&self.directory, &file.name)
                .and_then(|path| regular_file::open(&path))
                .and_then(|file| sha256_of(Stoppable::new(file, is_stopped)))
                .map_err(|source| PublishedError::Unreadable {
                    path: self.directory.join(&file.name),
                    source,
                })?;
            if sha256 != file.sha256 {
                wrong.push(format!(
                    "{}: its sha256 is {sha256}, but {} was recorded",
                    file.name, file.sha256
                ));
            }
        }
        if wrong.is_empty() {
            return Ok(());
        }
        let directory = self.directory.clone();
        Err(PublishedError::Changed { directory, wrong })
    }
}

/// The manifest in `directory`, whose values are those that this tool writes.
///
/// # Errors
/// [`PublishedError`], without a look at the other files.
pub fn read_manifest(directory: &Path) -> Result<Manifest, PublishedError> {
    let path = directory.join(MANIFEST);
    let manifest: Manifest = parse(&path, &read(&path)?)?;
    check_format(&path, manifest.format, MANIFEST_FORMAT)?;
    match manifest.check() {
        Ok(()) => Ok(manifest),
        Err(source) => Err(PublishedError::Value { path, source }),
    }
}

/// The plan in `directory`, whose values are those that this tool writes.
///
/// # Errors
/// [`PublishedError`], without a look at the other files.
pub fn read_plan(directory: &Path) -> Result<Plan, PublishedError> {
    let path = directory.join(PLAN);
    parse_plan(&path, &read(&path)?)
}

fn parse_plan(path: &Path, text: &[u8]) -> Result<Plan, PublishedError> {
    let plan: Plan = parse(path, text)?;
    check_format(path, plan.format, PLAN_FORMAT)?;
    match plan.check() {
        Ok(()) => Ok(plan),
        Err(source) => {
            let path = path.to_path_buf();
            Err(PublishedError::Value { path, source })
        }
    }
}

fn check_format(path: &Path, found: u32, known: u32) -> Result<(), PublishedError> {
    if found == known {
        return Ok(());
    }
    let path = path.to_path_buf();
    Err(PublishedError::Format { path, found, known })
}

fn read(path: &Path) -> Result<Vec<u8>, PublishedError> {
    regular_file::read(path, LARGEST).map_err(|source| PublishedError::Unreadable {
        path: path.to_path_buf(),
        source,
    })
}

fn parse<T: serde::de::DeserializeOwned>(path: &Path, text: &[u8]) -> Result<T, PublishedError> {
    serde_json::from_slice(text).map_err(|source| PublishedError::Malformed {
        path: path.to_path_buf(),
        source,
    })
}

/// The directory of a result that is given by its manifest or its directory.
pub fn directory_of(given: &Path) -> &Path {
    match given.parent() {
        Some(parent) if given.ends_with(MANIFEST) && !given.is_dir() => {
            if parent.as_os_str().is_empty() {
                Path::new(".")
            } else {
                parent
            }
        }
        _ => given,
    }
}
