//! Versions of the GNU C library.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Version of the GNU C library, such as `2.17`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
pub struct GlibcVersion {
    major: u32,
    minor: u32,
    patch: u32,
}

impl GlibcVersion {
    /// The version of `CentOS` 7, whose nodes most builds are for.
    pub const CENTOS_7: Self = Self {
        major: 2,
        minor: 17,
        patch: 0,
    };
}

/// A text that is not a glibc version.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text:?} is not a glibc version such as 2.17 or 2.3.2")]
pub struct InvalidGlibcVersion {
    /// The text.
    pub text: String,
}

impl FromStr for GlibcVersion {
    type Err = InvalidGlibcVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidGlibcVersion {
            text: text.to_owned(),
        };
        let numbers = text
            .split('.')
            // `parse` would take "+2"
            .map(|part| {
                part.bytes()
                    .all(|byte| byte.is_ascii_digit())
                    .then(|| part.parse().ok())
                    .flatten()
            })
            .collect::<Option<Vec<u32>>>()
            .ok_or_else(invalid)?;
        let (major, minor, patch) = match numbers[..] {
            [major, minor] => (major, minor, 0),
            [major, minor, patch] => (major, minor, patch),
            _ => return Err(invalid()),
        };
        Ok(Self {
            major,
            minor,
            patch,
        })
    }
}

impl TryFrom<String> for GlibcVersion {
    type Error = InvalidGlibcVersion;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<GlibcVersion> for String {
    fn from(version: GlibcVersion) -> Self {
        version.to_string()
    }
}

impl fmt::Display for GlibcVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)?;
        if self.patch > 0 {
            write!(formatter, ".{}", self.patch)?;
        }
        Ok(())
    }
}
