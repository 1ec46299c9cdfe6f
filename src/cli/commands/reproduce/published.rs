//! What is read of a published result, and held against its own manifest.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::folder_of;
use crate::artifacts::{COMPANION_FILES, MANIFEST, MANIFEST_FORMAT, Manifest, PLAN};
use crate::checksum::{is_sha256, sha256_hex, sha256_of};
use crate::failure::{Failure, FailureKind};
use crate::plan::{PLAN_FORMAT, Plan, PlannedImage};
use crate::recipe::Name;
use crate::report::REPRODUCTION;

/// A published result with the plan that it was built by.
pub(super) struct Published {
    pub(super) folder: PathBuf,
    pub(super) manifest: Manifest,
    pub(super) plan: Plan,
}

impl Published {
    /// Reads the result whose manifest, or whose folder, is given. Its plan and its files are those of the manifest.
    pub(super) fn read(given: &Path) -> Result<Self, Failure> {
        let folder = folder_of(given);
        let path = folder.join(MANIFEST);
        let manifest: Manifest = serde_json::from_slice(&read(&path)?)
            .map_err(|error| unknown(&path, &error.to_string()))?;
        if manifest.format != MANIFEST_FORMAT {
            return Err(unknown(
                &path,
                &format!("its format is {}", manifest.format),
            ));
        }
        let path = folder.join(PLAN);
        let text = read(&path)?;
        let sha256 = sha256_hex(&text);
        if sha256 != manifest.plan_sha256 {
            let text = format!(
                "{} is not the plan that the result was built by: its sha256 is {sha256}, and the manifest names {}",
                path.display(),
                manifest.plan_sha256
            );
            return Err(Failure::new(FailureKind::Integrity, text));
        }
        let plan: Plan =
            serde_json::from_slice(&text).map_err(|error| unknown(&path, &error.to_string()))?;
        if plan.format != PLAN_FORMAT {
            return Err(unknown(&path, &format!("its format is {}", plan.format)));
        }
        check_names(&path, &plan)?;
        let published = Self {
            folder: folder.to_path_buf(),
            manifest,
            plan,
        };
        published.check_files()?;
        Ok(published)
    }

    /// Holds the published files against the manifest: what was changed since cannot be built again.
    fn check_files(&self) -> Result<(), Failure> {
        let mut wrong = Vec::new();
        for file in &self.manifest.files {
            let path = self.folder.join(&file.name);
            let found = File::open(&path).and_then(sha256_of);
            let (_, sha256) = found.map_err(|error| unreadable(&path, &error))?;
            if sha256 != file.sha256 {
                wrong.push(format!(
                    "\n  {}: sha256 {sha256}, and the manifest names {}",
                    file.name, file.sha256
                ));
            }
        }
        if wrong.is_empty() {
            return Ok(());
        }
        let folder = self.folder.display();
        let text = format!("{folder} is not what was published:{}", wrong.concat());
        let failure = Failure::new(FailureKind::Integrity, text);
        Err(failure.hint(format!(
            "`kmembuild verify {folder}` tells all that is wrong with it"
        )))
    }
}

/// Refuses a plan with names that no plan of this tool has: it comes from wherever the result does, and files are written
/// under them.
fn check_names(path: &Path, plan: &Plan) -> Result<(), Failure> {
    let is_free = |name: &str| !COMPANION_FILES.contains(&name) && name != REPRODUCTION;
    for output in &plan.outputs {
        if output.name.parse::<Name>().is_err() || !is_free(&output.name) {
            let reason = format!("{:?} is no name of an output", output.name);
            return Err(unknown(path, &reason));
        }
    }
    match &plan.image {
        PlannedImage::Dockerfile { identity, .. } | PlannedImage::Debian { identity, .. }
            if !is_sha256(identity) =>
        {
            Err(unknown(
                path,
                &format!("{identity:?} is no identity of an image"),
            ))
        }
        _ => Ok(()),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let text = format!("{} cannot be read: {error}", path.display());
    Failure::new(FailureKind::Usage, text).hint(
        "name the manifest of a published result, or its folder, with all the files beside it",
    )
}

fn unknown(path: &Path, reason: &str) -> Failure {
    let text = format!(
        "{} is not as this version of the tool writes it: {reason}",
        path.display()
    );
    Failure::new(FailureKind::Integrity, text)
        .hint("the field `tool` of the manifest names the version that wrote it")
}
