//! What is signed in a shared cache.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::SharedCacheError;
use crate::artifacts::cache::EntryFile;
use crate::attestation::{Envelope, SigningKey, VerifyingKey, sign};
use crate::checksum::is_sha256;
use crate::harmless::harmless;
use crate::inside::inside;
use crate::plan::{ImageContent, canonical_json};

/// Version of the statements.
const FORMAT: u32 = 1;
/// Most bytes of a result.
const LARGEST_RESULT: u64 = 16 << 30;

/// Something that is signed. Its type is signed with it, so that it is never taken for something else.
pub(super) trait Statement: Serialize + DeserializeOwned {
    /// The type of the signed text.
    const TYPE: &'static str;

    /// What it is about.
    fn subject(&self) -> String;

    /// What is wrong with it, as far as that can be seen.
    fn problem(&self) -> Option<String>;
}

/// A result, by its content key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SharedResult {
    format: u32,
    /// The content key.
    pub key: String,
    /// Name of the recipe.
    pub recipe: String,
    /// The version.
    pub version: String,
    /// Operating system and architecture.
    pub platform: String,
    /// The files, sorted by name.
    pub files: Vec<EntryFile>,
}

/// What an image gives to builds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct SharedImage {
    format: u32,
    /// Sha256 of what the image is made from.
    image_identity: String,
    pub(super) content: ImageContent,
}

impl SharedResult {
    /// A statement of a result.
    pub fn new(
        key: &str,
        [recipe, version, platform]: [&str; 3],
        mut files: Vec<EntryFile>,
    ) -> Self {
        files.sort_by(|one, other| one.name.cmp(&other.name));
        Self {
            format: FORMAT,
            key: key.to_owned(),
            recipe: recipe.to_owned(),
            version: version.to_owned(),
            platform: platform.to_owned(),
            files,
        }
    }

    /// The size of all files, in bytes.
    pub fn size(&self) -> u64 {
        let sizes = self.files.iter().map(|file| file.size);
        sizes.fold(0, u64::saturating_add)
    }
}

impl Statement for SharedResult {
    const TYPE: &'static str = "application/vnd.kmembuild.cached-result.v1+json";

    fn subject(&self) -> String {
        format!("result {}", self.key)
    }

    fn problem(&self) -> Option<String> {
        if self.format != FORMAT {
            return Some(format!("the format {}", self.format));
        }
        let mut names = BTreeSet::new();
        for file in &self.files {
            let name = &file.name;
            let is_plain = !name.contains('/') && !name.starts_with('.') && name.len() <= 255;
            let is_plain = is_plain && !name.contains(char::is_control);
            if !is_plain || inside(".".as_ref(), name).is_err() {
                return Some(format!("the file name {:?}", harmless(name)));
            }
            if !names.insert(name) {
                return Some(format!("{name} twice"));
            }
            if !is_sha256(&file.sha256) || !matches!(file.mode, 0o644 | 0o755) {
                return Some(format!("a digest or a mode of {name} that is none"));
            }
        }
        (self.size() > LARGEST_RESULT)
            .then(|| format!("more than {}", bytesize::ByteSize(LARGEST_RESULT)))
    }
}

impl SharedImage {
    pub(super) fn new(identity: &str, content: &ImageContent) -> Self {
        Self {
            format: FORMAT,
            image_identity: identity.to_owned(),
            content: content.clone(),
        }
    }
}

impl Statement for SharedImage {
    const TYPE: &'static str = "application/vnd.kmembuild.cached-image.v1+json";

    fn subject(&self) -> String {
        format!(
            "image {} {}",
            self.image_identity, self.content.architecture
        )
    }

    fn problem(&self) -> Option<String> {
        if self.format != FORMAT {
            return Some(format!("the format {}", self.format));
        }
        self.content
            .layers
            .is_empty()
            .then(|| "no layers".to_owned())
    }
}

/// The text of the envelope with a signed statement.
pub(super) fn sign_statement<T: Statement>(statement: &T, key: &SigningKey) -> String {
    let text = canonical_json(statement);
    canonical_json(&sign(text.as_bytes(), T::TYPE, key))
}

/// The statement in an envelope, which `key` signed and which is about `subject`.
pub(super) fn verify_statement<T: Statement>(
    envelope: &[u8],
    key: &VerifyingKey,
    subject: &str,
) -> Result<T, SharedCacheError> {
    let envelope: Envelope =
        serde_json::from_slice(envelope).map_err(SharedCacheError::Malformed)?;
    let text = envelope.verify(std::slice::from_ref(key))?;
    if envelope.payload_type != T::TYPE {
        return Err(SharedCacheError::OtherStatement {
            wanted: T::TYPE.to_owned(),
            found: shown(&envelope.payload_type),
        });
    }
    let statement: T = serde_json::from_slice(&text).map_err(SharedCacheError::Malformed)?;
    let found = statement.subject();
    if found != subject {
        return Err(SharedCacheError::OtherStatement {
            wanted: subject.to_owned(),
            found: shown(&found),
        });
    }
    match statement.problem() {
        None => Ok(statement),
        Some(problem) => Err(SharedCacheError::Value { problem }),
    }
}

fn shown(text: &str) -> String {
    let short: String = text.chars().take(200).collect();
    harmless(&short).replace('\n', " ")
}
