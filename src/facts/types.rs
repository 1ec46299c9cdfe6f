//! The facts that a plan is made from.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::source::SourceError;

/// Everything that a plan depends on, apart from the recipe and the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Facts {
    /// Sha256 of the recipe's text.
    pub recipe_sha256: String,
    /// Sha256 of each patch in the recipe, by file.
    pub patches: BTreeMap<String, String>,
    /// The source.
    pub source: SourceFacts,
    /// The engine's architecture in Go's terms.
    pub engine_architecture: String,
    /// The image in the archive that the user provided.
    pub image_archive: Option<ArchiveFacts>,
    /// The container that the tool runs in, where the engine has no other image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<ContainerFacts>,
}

/// What is known about the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceFacts {
    /// A commit of a git repository.
    Git(GitFacts),
    /// A directory of the image; nothing is known about it before the image is available.
    Directory,
}

/// A commit and what was read from its tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct GitFacts {
    /// Tag that points to the commit, if one is known.
    pub tag: Option<String>,
    /// The commit.
    pub commit: String,
    /// The commit's tree.
    pub tree: String,
    /// The commit's time in seconds since the Unix epoch.
    pub commit_time: i64,
    /// What was read from the tree.
    pub files: TreeFacts,
}

/// What was read from a tree to answer the recipe's questions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TreeFacts {
    /// Those of the requested paths that exist.
    pub present: BTreeSet<String>,
    /// Those of the requested texts that were found, by file.
    pub texts: BTreeMap<String, BTreeSet<String>>,
    /// First line of the recipe's version file.
    pub version: Option<String>,
    /// What the recipe's patterns matched, by the name of the value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub read: BTreeMap<String, String>,
    /// Images that upstream's Dockerfile starts from, in order, with its default arguments filled in.
    pub base_images: Vec<String>,
}

/// The image in an archive that `docker save` wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ArchiveFacts {
    /// Config digest, `sha256:...`. The engine uses it as the image's id.
    pub image_id: String,
}

/// The container that the tool runs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ContainerFacts {
    /// Digest of its image, `sha256:...`, where somebody knows it.
    pub identity: Option<String>,
}

/// A fact that could not be read.
#[derive(Debug, Error)]
pub enum FactsError {
    /// The tree could not be read.
    #[error("could not read the source tree")]
    Tree(#[source] SourceError),
    /// The image archive could not be opened or read.
    #[error("could not read image archive {file}")]
    ArchiveUnreadable {
        /// The file.
        file: String,
        /// The error of the system.
        #[source]
        source: std::io::Error,
    },
    /// The file is not an archive that `docker save` wrote.
    #[error("{file} is not an image archive: {reason}")]
    NotAnArchive {
        /// The file.
        file: String,
        /// What is missing or wrong in it.
        reason: String,
    },
}
