//! What comes of building a result again.

use serde::Serialize;

use crate::compare::Difference;

/// A published result held against the same built again.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Reproduction {
    /// [`crate::events::JSON_FORMAT`].
    pub format: u32,
    /// Whether every file is equal, to the byte.
    pub reproduced: bool,
    /// Directory of the published result.
    pub folder: String,
    /// Name of the recipe.
    pub recipe: String,
    /// Whether the recipe is still the one that the result was planned by.
    pub same_recipe: bool,
    /// The version.
    pub version: String,
    /// Operating system and architecture.
    pub platform: String,
    /// Sha256 of the plan that was carried out.
    pub plan_sha256: String,
    /// The toolchain image.
    pub image: ReproducedImage,
    /// The files: the published ones first, in the manifest's order.
    pub files: Vec<ReproducedFile>,
}

/// The image that a result was built in again.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReproducedImage {
    /// Name on the engine.
    pub name: String,
    /// Config digest.
    pub id: String,
    /// Whether it gives the build what the published result's image gave.
    pub same: bool,
    /// In what it differs, a line each; nothing if it is the same.
    pub differs_in: Vec<String>,
}

/// A file of the one or the other.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReproducedFile {
    /// File name.
    pub name: String,
    /// Whether both are the same, to the byte.
    pub equal: bool,
    /// The published file; none if only the new build has it.
    pub published: Option<FileIdentity>,
    /// The file that was built now; none if only the published result has it.
    pub rebuilt: Option<FileIdentity>,
    /// Where they differ; the first file is the published one.
    pub differences: Vec<Difference>,
}

/// Which file, to the byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FileIdentity {
    /// Size in bytes.
    pub size: u64,
    /// Sha256 in hexadecimal digits.
    pub sha256: String,
}
