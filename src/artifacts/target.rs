//! The directory of a result: claimed, staged next to it, and exchanged in one step.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use super::error::ArtifactError;
use super::exchange::exchange;
use crate::checksum::sha256_hex;
use crate::events::Sink;
use crate::recipe::{BUILD_LOG, MANIFEST, PLAN};

/// File name of their signature in a release that is signed with an Ed25519 key, in minisign's format.
pub const CHECKSUMS_MINISIG: &str = "SHA256SUMS.minisig";
/// File name of their signature in a release that is signed with an ECDSA key: DER in base64.
pub const CHECKSUMS_SIG: &str = "SHA256SUMS.sig";
/// A claimed output directory. Nothing in it changes before [`Target::publish`]; staged files are removed when the value is
/// dropped.
#[derive(Debug)]
pub struct Target {
    folder: PathBuf,
    staging: PathBuf,
    /// Parents that this run made, innermost first; removed again if they stay empty.
    made: Vec<PathBuf>,
    _lock: File,
}

impl Target {
    /// Claims `output/recipe/version/platform` for the run `run` and makes a staging directory next to it. Waits while another
    /// run of this user holds the claim. `locks` is a directory for lock files.
    ///
    /// # Errors
    /// [`ArtifactError::Unwritable`], [`ArtifactError::Foreign`], [`ArtifactError::Lock`] and
    /// [`ArtifactError::StoppedWaiting`].
    pub async fn claim(
        output: &Path,
        parts: [&str; 3],
        run: &str,
        locks: &Path,
        sink: &dyn Sink,
        cancel: &CancellationToken,
    ) -> Result<Self, ArtifactError> {
        let parent = output.join(parts[0]).join(parts[1]);
        let folder = parent.join(parts[2]);
        let made = missing_parents(&parent);
        fs::create_dir_all(&parent).map_err(ArtifactError::unwritable(&parent))?;
        let parent = parent
            .canonicalize()
            .map_err(ArtifactError::unwritable(&parent))?;
        let folder_name = folder
            .file_name()
            .map(ToOwned::to_owned)
            .unwrap_or_default();
        let folder = parent.join(&folder_name);
        let lock = lock(&folder, run, locks, sink, cancel).await?;
        // The previous run may have removed the directories that it had made.
        fs::create_dir_all(&parent).map_err(ArtifactError::unwritable(&parent))?;

        if folder.exists() && !is_result(&folder) {
            return Err(ArtifactError::Foreign { path: folder });
        }
        let prefix = format!(".{}.partial-", folder_name.to_string_lossy());
        // This run holds the claim, so other runs that staged here are dead.
        for entry in fs::read_dir(&parent)
            .map_err(ArtifactError::unwritable(&parent))?
            .flatten()
        {
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                fs::remove_dir_all(entry.path())
                    .map_err(ArtifactError::unwritable(&entry.path()))?;
            }
        }
        let staging = parent.join(format!("{prefix}{run}"));
        fs::create_dir(&staging).map_err(ArtifactError::unwritable(&staging))?;
        Ok(Self {
            folder,
            staging,
            made,
            _lock: lock,
        })
    }

    /// The directory to fill before publishing.
    pub fn staging(&self) -> &Path {
        &self.staging
    }

    /// Replaces an earlier result with the staged directory, in one step if the file system supports that.
    ///
    /// # Errors
    /// [`ArtifactError::Unwritable`]; the earlier result is then still in place.
    pub fn publish(self) -> Result<PathBuf, ArtifactError> {
        let unwritable = ArtifactError::unwritable(&self.folder);
        exchange(&self.staging, &self.folder).map_err(unwritable)?;
        let failed = self.failed_folder();
        if is_record_of_failure(&failed) {
            fs::remove_dir_all(&failed).map_err(unwritable)?;
        }
        Ok(self.folder.clone())
    }

    /// Keeps the log and the plan of a failed run in a directory of their own, next to an earlier good result. Built files are
    /// not kept, because they are not proven.
    ///
    /// # Errors
    /// [`ArtifactError::Unwritable`].
    pub fn keep_record_of_failure(
        self,
        further: &[(&str, String)],
    ) -> Result<PathBuf, ArtifactError> {
        let failed = self.failed_folder();
        let unwritable = ArtifactError::unwritable(&failed);
        for entry in fs::read_dir(&self.staging).map_err(unwritable)?.flatten() {
            if entry.file_name() != BUILD_LOG && entry.file_name() != PLAN {
                fs::remove_file(entry.path()).map_err(unwritable)?;
            }
        }
        for (name, text) in further {
            fs::write(self.staging.join(name), text).map_err(unwritable)?;
        }
        self.keep_whole_record_of_failure()
    }

    /// Keeps what is staged as the record of a failed run, next to an earlier good result.
    ///
    /// # Errors
    /// [`ArtifactError::Unwritable`], [`ArtifactError::Foreign`].
    pub fn keep_whole_record_of_failure(self) -> Result<PathBuf, ArtifactError> {
        let failed = self.failed_folder();
        let unwritable = ArtifactError::unwritable(&failed);
        if failed.exists() && !is_record_of_failure(&failed) {
            return Err(ArtifactError::Foreign { path: failed });
        }
        if failed.exists() {
            fs::remove_dir_all(&failed).map_err(unwritable)?;
        }
        fs::rename(&self.staging, &failed).map_err(unwritable)?;
        Ok(failed.clone())
    }

    fn failed_folder(&self) -> PathBuf {
        self.folder.with_added_extension("failed")
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // After publishing, the earlier result is in the staging directory; both must go.
        let _ = fs::remove_dir_all(&self.staging);
        for parent in &self.made {
            // Fails if the directory is not empty, as intended.
            let _ = fs::remove_dir(parent);
        }
    }
}

fn is_result(folder: &Path) -> bool {
    folder.join(MANIFEST).is_file()
        || fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

pub(super) fn is_record_of_failure(folder: &Path) -> bool {
    folder.join(BUILD_LOG).is_file() && !folder.join(MANIFEST).exists()
}

fn missing_parents(folder: &Path) -> Vec<PathBuf> {
    folder
        .ancestors()
        .take_while(|path| !path.as_os_str().is_empty() && !path.exists())
        .map(Into::into)
        .collect()
}

async fn lock(
    folder: &Path,
    run: &str,
    locks: &Path,
    sink: &dyn Sink,
    cancel: &CancellationToken,
) -> Result<File, ArtifactError> {
    let name = sha256_hex(folder.as_os_str().as_encoded_bytes());
    let path = locks.join(format!("{}.lock", &name[..16]));
    let purpose = format!("builds into {}", folder.display());
    tokio::select! {
        locked = crate::file_lock::acquire(&path, run, &purpose, sink) => {
            locked.map_err(|source| ArtifactError::Lock { path: path.clone(), source })
        }
        () = cancel.cancelled() => Err(ArtifactError::StoppedWaiting),
    }
}
