//! A release out of a bundle.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use tempfile::TempDir;

use super::super::error::ReleaseError;
use super::super::parse::parse_release;
use crate::bundle::{BundleError, Bundles};
use crate::library::Library;
use crate::lockfile::{Drift, Lockfile, parse_lockfile};

/// Directory for the results, where the release file names none.
const RESULTS: &str = "dist";

/// The files of a release, out of a bundle.
#[derive(Debug)]
pub struct UnpackedRelease {
    /// The release file.
    pub file: PathBuf,
    /// Directory for the results, as the release file has it.
    output: PathBuf,
    /// Removed with everything in it when this is dropped.
    _directory: TempDir,
}

impl UnpackedRelease {
    /// Directory for the results, below the one that the user is in.
    ///
    /// # Errors
    /// [`ReleaseError::OutputOutside`]: whoever made the bundle does not decide where else on this machine files are written.
    pub fn output(&self) -> Result<&Path, ReleaseError> {
        let mut parts = self.output.components();
        if parts.all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
            return Ok(&self.output);
        }
        Err(ReleaseError::OutputOutside {
            output: self.output.clone(),
        })
    }
}

/// Puts the files of the release into a directory of their own.
///
/// # Errors
/// [`ReleaseError::Bundle`], [`ReleaseError::Invalid`].
pub fn unpack_release(bundle: &Bundles) -> Result<UnpackedRelease, ReleaseError> {
    let unwritable = |path: &Path| {
        let path = path.to_owned();
        move |source| BundleError::Unwritable { path, source }
    };
    let directory = tempfile::Builder::new()
        .prefix("kmembuild-release-")
        .tempdir();
    let directory = directory.map_err(unwritable(&std::env::temp_dir()))?;
    let mut files = BTreeMap::new();
    for file in &bundle.document().files {
        files.insert(file.path.as_str(), bundle.file(file)?);
    }
    for (path, text) in &files {
        // That it stays below was checked when the bundle was opened.
        let path = directory.path().join(path);
        let parent = path.parent().unwrap_or(directory.path());
        fs::create_dir_all(parent).map_err(unwritable(parent))?;
        if !is_built_in(&path, text, &files) {
            fs::write(&path, text).map_err(unwritable(&path))?;
        }
    }
    let file = directory.path().join(&bundle.document().release);
    let (name, text) = super::super::parse::read_release(&file)?;
    let release = parse_release(&name, &text)?;
    // Of several directories of recipes the first one has them all.
    for named in release.recipes.iter().flatten() {
        super::files::recipe_directory(&name, &text)?;
        let path = directory.path().join(&named.value);
        fs::create_dir_all(&path).map_err(unwritable(&path))?;
    }
    let output = release.output.unwrap_or_else(|| RESULTS.to_owned());
    Ok(UnpackedRelease {
        file,
        output: output.into(),
        _directory: directory,
    })
}

/// Whether a file is a recipe that this tool has, with the same patches and advisories: then it is that one, and results say so.
fn is_built_in(path: &Path, text: &[u8], files: &BTreeMap<&str, Vec<u8>>) -> bool {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let Ok(own) = Library::new(Vec::new()).load(&name) else {
        return false;
    };
    let has = |end: String, text: &String| {
        let mut files = files.iter();
        files.any(|(path, found)| path.ends_with(&end) && found == text.as_bytes())
    };
    let mut patches = own.patches.iter();
    let mut advisories = own.advisories.iter();
    own.text.as_bytes() == text
        && advisories.all(|text| has(format!("/advisories/{name}.yaml"), text))
        && patches.all(|(file, text)| has(format!("/patches/{file}"), text))
}

/// Refuses a bundle that was made of another lock file than the one that is in force.
///
/// # Errors
/// [`ReleaseError::OtherLock`] with what differs, [`ReleaseError::InvalidLockfile`], [`ReleaseError::Bundle`].
pub fn refuse_other_lock(bundle: &Bundles, lockfile: &Lockfile) -> Result<(), ReleaseError> {
    let path = &bundle.document().lockfile;
    let text = String::from_utf8(bundle.file_at(path)?);
    let name = format!("{path} in {}", bundle.path().display());
    let text = text.map_err(|_| ReleaseError::InvalidLockfile(format!("{name}: not text")))?;
    let own = parse_lockfile(&name, &text).map_err(ReleaseError::InvalidLockfile)?;
    if own == *lockfile {
        return Ok(());
    }
    let mut moved: Vec<_> = lockfile.drift(&own).iter().map(Drift::to_string).collect();
    let gone = own.drift(lockfile).into_iter();
    let gone = gone.filter(|drift| drift.locked.is_none());
    moved.extend(gone.map(|drift| format!("{}\n    not in the bundle", drift.what)));
    Err(ReleaseError::OtherLock {
        bundle: bundle.path().to_owned(),
        moved,
    })
}
