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

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::{LikeError, Target};
    use crate::events::Warning;

    const RC10: &str = "dc9208a3303feef5b3839f4323d9beb36df0a9dd";

    fn target(text: &str) -> Result<Target, LikeError> {
        read(text.as_bytes()).expect(text).target(false)
    }

    fn found(text: &str) -> (String, Option<String>, usize) {
        let target = target(text).expect(text);
        (target.wanted, target.commit, target.warnings.len())
    }

    #[test]
    fn a_release_is_its_tag_and_its_commit() {
        let rc10 = || "1.0.0-rc10".to_owned();
        let version = "runc version 1.0.0-rc10";
        let commit = || Some(RC10.to_owned());
        assert_eq!(found(version), (rc10(), None, 0));
        for (label, warnings) in [("", 0), ("-nokmem", 0), ("-dirty", 1), ("-unknown", 1)] {
            let text = format!("{version}\ncommit: {RC10}{label}\n");
            assert_eq!(found(&text), (rc10(), commit(), warnings), "{text}");
        }
        let unnamed = format!("{version}\ncommit: unknown");
        assert_eq!(found(&unnamed), (rc10(), None, 1));
    }

    #[test]
    fn what_is_no_release_is_its_commit() {
        for text in [
            format!("runc version 1.0.0-rc10+dev\ncommit: {RC10}\n"),
            format!("runc version commit: {RC10}\nspec: 1.0.0\n"),
            format!("runc version unknown\ncommit: {RC10}\n"),
        ] {
            assert_eq!(found(&text), (RC10.to_owned(), None, 0), "{text}");
        }
        let counted = "Kubernetes v1.15.5-12+20c265fef0741d";
        assert_eq!(found(counted), ("20c265fef0741d".to_owned(), None, 0));
        let without = target("runc version 1.0.0-rc10+dev\ncommit: unknown\n");
        assert!(
            matches!(without, Err(LikeError::NoCommit { .. })),
            "{without:?}"
        );
        for text in ["runc version spec: 1.0.1-dev", "runc version unknown"] {
            assert!(matches!(target(text), Err(LikeError::Nothing)), "{text}");
        }
    }

    #[test]
    fn a_vendors_build_takes_force_and_is_not_held_to_its_commit() {
        let text = format!("runc version 1.0.0~rc93+ds1\ncommit: {RC10}\n");
        let refused = target(&text);
        assert!(
            matches!(refused, Err(LikeError::Vendor { .. })),
            "{refused:?}"
        );
        let forced = read(text.as_bytes()).unwrap().target(true).unwrap();
        assert_eq!(forced.wanted, "1.0.0-rc93");
        assert_eq!(forced.commit, None);
        let [version, whose, tag] =
            ["1.0.0~rc93+ds1", "Debian's build", "1.0.0-rc93"].map(str::to_owned);
        assert_eq!(forced.warnings, [Warning::Vendor(version, whose, tag)]);
    }
}
