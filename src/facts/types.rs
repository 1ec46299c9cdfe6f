//! The facts that a plan is made from.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::source::SourceError;

/// Everything outside the recipe and the request that a plan depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Facts {
    /// Sha256 of the recipe's text.
    pub recipe_sha256: String,
    /// Sha256 of each patch that the recipe names, by file.
    pub patches: BTreeMap<String, String>,
    /// The source.
    pub source: SourceFacts,
    /// The engine's architecture in Go's terms.
    pub engine_architecture: String,
    /// The image in the archive that the user gave.
    pub image_archive: Option<ArchiveFacts>,
}

/// What is known of the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceFacts {
    /// A commit of a git repository.
    Git(GitFacts),
    /// A folder of the image; nothing is known before the image is there.
    Folder,
}

/// A commit and what was read in its tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct GitFacts {
    /// Tag that names the commit, if one is known.
    pub tag: Option<String>,
    /// The commit.
    pub commit: String,
    /// The commit's tree.
    pub tree: String,
    /// The commit's time in seconds since the Unix epoch.
    pub commit_time: i64,
    /// What was read in the tree.
    pub files: TreeFacts,
}

/// What was read in a tree, for the questions that the recipe asks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TreeFacts {
    /// Paths that were asked for and are there.
    pub present: BTreeSet<String>,
    /// Texts that were looked for in a file and are in it, by file.
    pub texts: BTreeMap<String, BTreeSet<String>>,
    /// First line of the recipe's version file.
    pub version: Option<String>,
    /// What the recipe's patterns took out of files, by the name of the value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub read: BTreeMap<String, String>,
    /// Images that upstream's Dockerfile starts from, in order, its default arguments put in.
    pub base_images: Vec<String>,
}

/// The image in an archive that `docker save` wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ArchiveFacts {
    /// Config digest, `sha256:...`, which the engine uses as the image's id.
    pub image_id: String,
}

/// A fact that could not be read.
#[derive(Debug, Error)]
pub enum FactsError {
    /// The tree could not be read.
    #[error("the source tree could not be read")]
    Tree(#[source] SourceError),
    /// The image archive could not be opened or read.
    #[error("the image archive {file} could not be read")]
    ArchiveUnreadable {
        /// The file.
        file: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is not what `docker save` writes.
    #[error("{file} is not an image archive: {reason}")]
    NotAnArchive {
        /// The file.
        file: String,
        /// What is missing or wrong in it.
        reason: String,
    },
}
