//! Known holes of a program.

use serde::Deserialize;

use super::version::{Version, VersionRange};

/// The only version of the format that this tool reads.
pub(super) const ADVISORIES_FORMAT: u32 = 1;

/// Known holes of what a recipe builds. A file of its own, because it changes without the recipe.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Advisories {
    /// Version of the format: always 1.
    pub format: u32,
    /// What is better than to build such a version, in one sentence without its full stop.
    pub instead: String,
    /// Versions that get no fixes any more.
    #[serde(default)]
    pub support: Option<EndOfSupport>,
    /// The holes.
    pub holes: Vec<Hole>,
}

/// Versions that get no fixes any more.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EndOfSupport {
    /// The versions.
    pub versions: VersionRange,
    /// Day on which the last of them was given up, such as 2022-06-28.
    pub ended: String,
    /// Address of who says so.
    pub source: String,
}

/// A hole.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Hole {
    /// Number of the advisory, such as CVE-2019-5736.
    pub id: String,
    /// Versions that have it, each range for itself.
    pub versions: Vec<VersionRange>,
    /// Whether it lets a container out.
    #[serde(default)]
    pub escape: bool,
    /// What it is, in one line.
    pub summary: String,
    /// Address of the advisory.
    pub source: String,
    /// Where the source is that of a package: the first version of the package without the hole.
    #[serde(default)]
    pub mended_in_package: Option<String>,
}

impl Hole {
    /// Whether `version` of upstream has it.
    pub fn is_in(&self, version: &Version) -> bool {
        self.versions.iter().any(|range| range.contains(version))
    }
}
