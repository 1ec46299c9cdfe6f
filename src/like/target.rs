//! Decides what to build for a node with the reported version.

use super::error::LikeError;
use super::reported::Like;
use super::version::Origin;
use crate::events::Warning;

/// What to build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// An upstream tag, whose leading `v` may be missing, or a commit.
    pub wanted: String,
    /// The commit that the tag must point to, or its beginning.
    pub commit: Option<String>,
    /// Warnings for the user.
    pub warnings: Vec<Warning>,
}

impl Like {
    /// Decides what to build for a node with this version. With `force`, the upstream tag replaces a vendor's build.
    ///
    /// # Errors
    /// [`LikeError::Vendor`] without `force`; [`LikeError::NoCommit`] and [`LikeError::Nothing`] if there is neither a
    /// tag nor a commit.
    pub fn target(&self, force: bool) -> Result<Target, LikeError> {
        let commit = self.commit.as_ref();
        let commit = commit.and_then(|commit| commit.id.clone());
        let origin = self.version.as_ref().map(|version| &version.origin);
        let mut warnings = Vec::new();
        let (wanted, commit) = match (origin, commit) {
            (Some(Origin::Vendor(vendor)), _) => {
                let version = self.version_text();
                if !force {
                    return Err(LikeError::Vendor {
                        version,
                        vendor: vendor.clone(),
                    });
                }
                let (whose, tag) = (vendor.to_string(), vendor.tag.clone());
                warnings.push(Warning::Vendor(version, whose, tag));
                (vendor.tag.clone(), None)
            }
            (Some(Origin::Tag(tag)), commit) => {
                if let (None, Some(commit)) = (&commit, &self.commit) {
                    let label = commit.label.clone();
                    warnings.push(Warning::CommitUnchecked(tag.clone(), label));
                }
                (tag.clone(), commit)
            }
            (Some(Origin::After { commit: short, .. }), commit) => {
                let version = self.version_text();
                let no_commit = LikeError::NoCommit { version };
                (commit.or_else(|| short.clone()).ok_or(no_commit)?, None)
            }
            (Some(Origin::Unset) | None, commit) => (commit.ok_or(LikeError::Nothing)?, None),
        };
        if let Some(sign) = self.sign_of_change() {
            warnings.push(Warning::ChangedSource(sign.clone(), wanted.clone()));
        }
        Ok(Target {
            wanted,
            commit,
            warnings,
        })
    }

    /// The tag that the version refers to, or is based on.
    pub fn tag_mut(&mut self) -> Option<&mut String> {
        match &mut self.version.as_mut()?.origin {
            Origin::Tag(tag) | Origin::After { tag, .. } => Some(tag),
            Origin::Vendor(vendor) => Some(&mut vendor.tag),
            Origin::Unset => None,
        }
    }

    fn version_text(&self) -> String {
        let version = self.version.as_ref();
        version
            .map(|version| version.text.clone())
            .unwrap_or_default()
    }

    /// What shows that the source was changed.
    fn sign_of_change(&self) -> Option<String> {
        let version = self.version.as_ref().filter(|version| version.changed);
        let commit = self.commit.as_ref().filter(|commit| commit.changed);
        self.changed
            .clone()
            .or_else(|| Some(format!("its commit is {:?}", commit?.label)))
            .or_else(|| Some(format!("its version is {:?}", version?.text)))
    }
}
