//! What a build comes to.

use std::path::PathBuf;

use crate::artifacts::{IndexHow, Manifest};

/// A published result.
#[derive(Debug)]
pub struct BuildResult {
    /// Where it is.
    pub directory: PathBuf,
    /// What it is.
    pub manifest: Manifest,
    /// How it came there.
    pub outcome: CacheOutcome,
    /// Its content key, where there is one by which it may be kept.
    pub key: Option<String>,
}

/// How a result came to be where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CacheOutcome {
    /// It was built.
    Built,
    /// It was built before, and published again.
    Cached,
    /// It was there already.
    Unchanged,
}

impl CacheOutcome {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Built => "built",
            Self::Cached => "taken from the cache",
            Self::Unchanged => "unchanged",
        }
    }
}

impl From<CacheOutcome> for IndexHow {
    fn from(outcome: CacheOutcome) -> Self {
        match outcome {
            CacheOutcome::Built => Self::Built,
            CacheOutcome::Cached => Self::Cached,
            CacheOutcome::Unchanged => Self::Unchanged,
        }
    }
}
