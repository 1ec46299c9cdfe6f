//! Manifests and indexes, as the OCI image specification has them, and Docker's older ones, which differ in their types only.
//! Only what this tool writes or reads is here; what else a document has is ignored when it is read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::digest::Digest;

/// Media type of a manifest.
pub const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
/// Media type of an index.
pub const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";
/// Docker's type of a manifest.
pub const DOCKER_MANIFEST_TYPE: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker's type of an index.
pub const DOCKER_INDEX_TYPE: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// Media type of the configuration of an image.
pub const CONFIG_TYPE: &str = "application/vnd.oci.image.config.v1+json";
/// Media type of [`EMPTY`].
pub const EMPTY_TYPE: &str = "application/vnd.oci.empty.v1+json";
/// The content of a blob that says nothing, where one is required.
pub const EMPTY: &[u8] = b"{}";
/// Annotation with the file name of a layer, by which oras writes it.
pub const TITLE: &str = "org.opencontainers.image.title";
/// Annotation with the tag of an entry of a layout's index.
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// What a manifest or an index says of other content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// Its media type.
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// The type of the artifact that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// What it runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// Annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// What an image or a program runs on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Platform {
    /// Go's name of the architecture.
    pub architecture: String,
    /// Go's name of the operating system.
    pub os: String,
    /// Variant of the architecture: `v7` of `arm`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

/// A manifest: of an image, or of an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// 2.
    pub schema_version: u32,
    /// [`MANIFEST_TYPE`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The type of the artifact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The configuration of an image; [`EMPTY`] of an artifact.
    pub config: Descriptor,
    /// The content, in order.
    pub layers: Vec<Descriptor>,
    /// What it is attached to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// An index of manifests and of other indexes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// 2.
    pub schema_version: u32,
    /// [`INDEX_TYPE`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The type of the artifact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The entries.
    pub manifests: Vec<Descriptor>,
    /// Annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// A document with its bytes, which are what its digest is of.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its type, digest and size.
    pub descriptor: Descriptor,
    /// Its text.
    pub bytes: Vec<u8>,
    /// What it says.
    pub content: Content,
}

/// What a document says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// It is a manifest.
    Manifest(Box<Manifest>),
    /// It is an index.
    Index(Index),
}

impl Descriptor {
    /// Of content of the type.
    pub fn new(media_type: &str, digest: Digest, size: u64) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest,
            size,
            artifact_type: None,
            platform: None,
            annotations: BTreeMap::new(),
        }
    }

    /// Of these bytes.
    pub fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self::new(media_type, Digest::of(bytes), bytes.len() as u64)
    }

    /// With one more annotation.
    #[must_use]
    pub fn annotated(mut self, name: &str, value: impl Into<String>) -> Self {
        self.annotations.insert(name.to_owned(), value.into());
        self
    }

    /// Whether it is of an index.
    pub fn is_index(&self) -> bool {
        is_index(&self.media_type)
    }
}

impl Platform {
    /// Linux on an architecture, by Go's name.
    pub fn linux(architecture: &str) -> Self {
        Self {
            architecture: architecture.to_owned(),
            os: "linux".to_owned(),
            variant: None,
        }
    }
}

impl std::fmt::Display for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

impl Manifest {
    /// A manifest of an artifact, with a configuration that says nothing.
    pub fn of_artifact(artifact_type: &str, layers: Vec<Descriptor>) -> Self {
        Self {
            schema_version: 2,
            media_type: Some(MANIFEST_TYPE.to_owned()),
            artifact_type: Some(artifact_type.to_owned()),
            config: Descriptor::of(EMPTY_TYPE, EMPTY),
            layers,
            subject: None,
            annotations: BTreeMap::new(),
        }
    }
}

impl Index {
    /// An index.
    pub fn new(artifact_type: Option<&str>, manifests: Vec<Descriptor>) -> Self {
        Self {
            schema_version: 2,
            media_type: Some(INDEX_TYPE.to_owned()),
            artifact_type: artifact_type.map(ToOwned::to_owned),
            manifests,
            annotations: BTreeMap::new(),
        }
    }
}

impl From<Manifest> for Document {
    fn from(manifest: Manifest) -> Self {
        let artifact_type = manifest.artifact_type.clone();
        Self::written(
            &manifest,
            MANIFEST_TYPE,
            artifact_type,
            Content::Manifest(Box::new(manifest.clone())),
        )
    }
}

impl From<Index> for Document {
    fn from(index: Index) -> Self {
        let artifact_type = index.artifact_type.clone();
        Self::written(
            &index,
            INDEX_TYPE,
            artifact_type,
            Content::Index(index.clone()),
        )
    }
}

impl Document {
    /// The same document has the same bytes: nothing in it is in an order that changes.
    fn written(
        value: &impl Serialize,
        media_type: &str,
        artifact_type: Option<String>,
        content: Content,
    ) -> Self {
        // Strings, numbers and maps by strings: nothing that could fail.
        let bytes = serde_json::to_vec(value).unwrap_or_default();
        let mut descriptor = Descriptor::of(media_type, &bytes);
        descriptor.artifact_type = artifact_type;
        Self {
            descriptor,
            bytes,
            content,
        }
    }

    /// The document in `bytes`. What it is, its own field says, or else the type that came with it.
    pub(super) fn read(bytes: Vec<u8>, said: &str) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Kind {
            media_type: Option<String>,
        }
        let own = serde_json::from_slice::<Kind>(&bytes)?.media_type;
        let media_type = own.unwrap_or_else(|| said.to_owned());
        let content = if is_index(&media_type) {
            Content::Index(serde_json::from_slice(&bytes)?)
        } else {
            Content::Manifest(serde_json::from_slice(&bytes)?)
        };
        let mut descriptor = Descriptor::of(&media_type, &bytes);
        descriptor.artifact_type = match &content {
            Content::Manifest(manifest) => manifest.artifact_type.clone(),
            Content::Index(index) => index.artifact_type.clone(),
        };
        Ok(Self {
            descriptor,
            bytes,
            content,
        })
    }
}

fn is_index(media_type: &str) -> bool {
    media_type == INDEX_TYPE || media_type == DOCKER_INDEX_TYPE
}
