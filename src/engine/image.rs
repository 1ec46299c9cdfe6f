//! Images and where they come from.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::session::ByteStream;

/// An image that the engine has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// What the engine calls it. Opaque; with Docker the digest of its configuration, `sha256:...`.
    pub id: String,
    /// What it contributes to a build. No layers where the engine does not list them.
    pub content: ImageContent,
    /// Digests by which registries know it, `name@sha256:...`.
    pub repo_digests: Vec<String>,
    /// Labels of its configuration.
    pub labels: BTreeMap<String, String>,
}

impl Image {
    /// What it contributes to a build, where the engine lists its layers.
    pub fn known_content(&self) -> Option<&ImageContent> {
        (!self.content.layers.is_empty()).then_some(&self.content)
    }
}

/// An image that the engine keeps on this machine, and whether it is still what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedImage {
    /// Its id.
    pub id: String,
    /// What is wrong with it.
    pub problem: Option<String>,
}

/// What an image contributes to a build, wherever it came from and whenever it was made: the same build in two images
/// of equal content gives the same result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ImageContent {
    /// Digests of the unpacked layers (`sha256:...`), lowest first. A push through another registry keeps them.
    pub layers: Vec<String>,
    /// Environment of its sessions, `NAME=value`.
    pub environment: Vec<String>,
    /// Architecture in Go's terms: `amd64`, `arm64`.
    pub architecture: String,
}

/// Where an image comes from.
pub enum ImageSource {
    /// A registry has it.
    Registry {
        /// Registry, repository, and tag or digest.
        reference: String,
        /// The content that it must have; another one is [`super::EngineError::OtherContent`].
        expected: Option<ImageContent>,
        /// Longest time without a byte; then it is [`super::EngineError::Stalled`].
        stall: Duration,
    },
    /// It is built by a Dockerfile. Only with [`super::Capabilities::builds_dockerfile`].
    Dockerfile(ImageBuild),
    /// It has one layer, this root file system.
    RootFs {
        /// The root file system as a tar archive.
        archive: ByteStream,
        /// Environment of its sessions.
        environment: BTreeMap<String, String>,
        /// Labels of the image.
        labels: BTreeMap<String, String>,
    },
    /// It is in an archive. The name it is provided by is the digest of its configuration, which is its id on most engines;
    /// an archive with other images is [`super::EngineError::NoImage`].
    Archive {
        /// The archive on this machine.
        file: PathBuf,
        /// Digests of its unpacked layers, by which an engine with other ids finds it, where they are known.
        layers: Option<Vec<String>>,
    },
}

/// A build by a Dockerfile.
pub struct ImageBuild {
    /// The build context as a tar archive, the Dockerfile in it.
    pub context: ByteStream,
    /// Path of the Dockerfile in the context.
    pub dockerfile: String,
    /// Build arguments.
    pub arguments: BTreeMap<String, String>,
    /// Labels of the image. Of the builder's containers, only the last ones carry some of these.
    pub labels: BTreeMap<String, String>,
    /// Most memory that an instruction may use, in bytes.
    pub memory: Option<u64>,
}
