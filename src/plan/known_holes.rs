//! The known holes of what is built.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::number_of::number_of;
use crate::recipe::{Advisories, Version, debian_order};

/// Known holes of what is built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct KnownHoles {
    /// The holes.
    pub holes: Vec<KnownHole>,
    /// Day since when versions like this one get no fixes, where that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsupported_since: Option<String>,
    /// What is better than to build this version.
    pub instead: String,
}

/// A hole of what is built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct KnownHole {
    /// Number of the advisory.
    pub id: String,
    /// Whether it lets a container out.
    pub escape: bool,
    /// What it is.
    pub summary: String,
    /// Address of the advisory.
    pub source: String,
    /// The first version of the package with the source that does not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mended_in_package: Option<String>,
}

impl KnownHoles {
    /// The known holes of `version`; `None` if there are none.
    pub fn of(advisories: &Advisories, version: &Version) -> Option<Self> {
        let holes = advisories.holes.iter().filter(|hole| hole.is_in(version));
        let holes = holes.map(|hole| KnownHole {
            id: hole.id.clone(),
            escape: hole.escape,
            summary: hole.summary.clone(),
            source: hole.source.clone(),
            mended_in_package: hole.mended_in_package.clone(),
        });
        let support = advisories.support.iter();
        let mut ended = support.filter(|support| support.versions.contains(version));
        let found = Self {
            holes: holes.collect(),
            unsupported_since: ended.next().map(|support| support.ended.clone()),
            instead: advisories.instead.clone(),
        };
        found.is_something().then_some(found)
    }

    /// What is left of them in `package`, the version of the package that the source came from.
    pub fn in_package(&self, package: &str) -> Option<Self> {
        let is_open = |hole: &&KnownHole| {
            let mended = hole.mended_in_package.as_deref();
            mended.is_none_or(|mended| debian_order(package, mended).is_lt())
        };
        let holes = self.holes.iter().filter(is_open).map(|hole| KnownHole {
            mended_in_package: None,
            ..hole.clone()
        });
        let left = Self {
            holes: holes.collect(),
            ..self.clone()
        };
        left.is_something().then_some(left)
    }

    fn is_something(&self) -> bool {
        !self.holes.is_empty() || self.unsupported_since.is_some()
    }

    /// How many there are, in words.
    pub fn summary(&self) -> String {
        let holes = number_of(self.holes.len(), "known hole");
        if self.holes.iter().any(|hole| hole.escape) {
            format!("{holes}, container escapes among them")
        } else {
            holes
        }
    }

    /// The holes in one line, which `version` begins. Those that some version of the package mended are named with that
    /// version: before the build it is not known which one there will be.
    pub fn line(&self, version: &str) -> String {
        let (mended, open): (Vec<_>, Vec<_>) = self
            .holes
            .iter()
            .partition(|hole| hole.mended_in_package.is_some());
        let mut line = match open.as_slice() {
            [] => format!("{version} has no known hole"),
            [one] => format!("{version} has a known hole: {}", one.id),
            open => {
                let among = if open.iter().any(|hole| hole.escape) {
                    ", container escapes among them"
                } else {
                    ""
                };
                let ids: Vec<_> = open.iter().map(|hole| hole.id.as_str()).collect();
                let (number, ids) = (open.len(), ids.join(", "));
                format!("{version} has {number} known holes{among}: {ids}")
            }
        };
        for (index, hole) in mended.iter().enumerate() {
            let begin = if index == 0 {
                "; and, in packages before the version in brackets,"
            } else {
                ","
            };
            let package = hole.mended_in_package.as_deref().unwrap_or_default();
            let _ = write!(line, "{begin} {} ({package})", hole.id);
        }
        if let Some(day) = &self.unsupported_since {
            let _ = write!(line, "; versions like it have had no fixes since {day}");
        }
        let _ = write!(line, "; {}", self.instead);
        line
    }
}
