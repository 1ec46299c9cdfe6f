//! Versions of packages: higher than the distribution's version of the same release, and in the order of the releases.

use super::error::PackagingError;
use crate::recipe::{Package, Version, bare};

/// The version of a result, split for package managers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageVersion {
    /// `1.0.0`.
    numbers: String,
    /// `rc10`.
    prerelease: Option<String>,
    /// The part after a plus sign, or after a dash if it is not a pre-release.
    further: Option<String>,
    label: String,
    revision: u32,
}

impl PackageVersion {
    /// The package version for `version`.
    ///
    /// # Errors
    /// [`PackagingError::Version`] if it does not start with numbers, e.g. for a commit.
    pub fn new(version: &str, package: &Package) -> Result<Self, PackagingError> {
        let refuse = || PackagingError::Version {
            version: version.to_owned(),
        };
        let text = bare(version);
        let end = text.find(['-', '+', '~']).unwrap_or(text.len());
        let (numbers, rest) = text.split_at(end);
        let digits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
        // The digits of a commit id alone are not a version number.
        if !numbers.contains('.') || !numbers.split('.').all(digits) {
            return Err(refuse());
        }
        let (before, metadata) = match rest.split_once('+') {
            Some((before, metadata)) => (before, Some(metadata)),
            None => (rest, None),
        };
        let parsed: Version = version.parse().map_err(|_| refuse())?;
        let before = Some(words(before)).filter(|text| !text.is_empty());
        let (prerelease, post) = if parsed.is_prerelease() {
            (before, None)
        } else {
            (None, before)
        };
        let metadata = metadata.map(words).filter(|text| !text.is_empty());
        let further: Vec<_> = post.into_iter().chain(metadata).collect();
        Ok(Self {
            numbers: numbers.to_owned(),
            prerelease,
            further: (!further.is_empty()).then(|| further.join(".")),
            label: package.label.to_string(),
            revision: package.revision,
        })
    }

    /// Version and release for rpm. A pre-release is encoded in the release, as in `CentOS` 7: its rpm has no character that
    /// sorts before a version.
    pub fn rpm(&self) -> (String, String) {
        let mut release = vec![self.revision.to_string()];
        match &self.prerelease {
            Some(prerelease) => release.extend(["0".to_owned(), prerelease.clone()]),
            None => release.push("1".to_owned()),
        }
        release.extend(self.further.clone());
        release.push(self.label.clone());
        (self.numbers.clone(), release.join("."))
    }

    /// The version for dpkg. The label follows a plus sign: Debian's own suffixes of repackaged sources (`+ds1`, `+dfsg1`)
    /// sort lower.
    pub fn deb(&self) -> String {
        let mut version = self.numbers.clone();
        if let Some(prerelease) = &self.prerelease {
            version += &format!("~{prerelease}");
        }
        version += "+";
        if let Some(further) = &self.further {
            version += &format!("{further}.");
        }
        version + &format!("{}-{}", self.label, self.revision)
    }
}

/// The letters and digits of `text`, with a dot for everything between them.
fn words(text: &str) -> String {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(".")
}
