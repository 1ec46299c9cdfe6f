//! `CycloneDX` 1.6 in JSON, as far as a result needs it.

use serde::{Deserialize, Serialize};

/// The version of the specification.
pub(super) const SPEC_VERSION: &str = "1.6";

/// A bill of materials. Other fields of the specification are not written, and ignored when read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bom {
    /// `CycloneDX`.
    pub bom_format: String,
    /// Version of the specification.
    pub spec_version: String,
    /// A URN derived from the content, so that the same content has the same URN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,
    /// How often this bill was changed: always 1.
    pub version: u32,
    /// The subject.
    pub metadata: BomMetadata,
    /// The published files, and the vendored components that were found.
    pub components: Vec<BomComponent>,
    /// Which file contains which components.
    pub dependencies: Vec<BomDependency>,
}

/// The subject of a bill of materials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BomMetadata {
    /// The tools that made it.
    pub tools: BomTools,
    /// The result.
    pub component: BomComponent,
}

/// The tools that made a bill of materials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BomTools {
    /// The tools.
    pub components: Vec<BomComponent>,
}

/// A piece of software.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct BomComponent {
    /// `application`, `file`, `library`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its name within this bill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bom_ref: Option<String>,
    /// Its name.
    pub name: String,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Digests of its content.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hashes: Vec<BomHash>,
    /// Its package URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
    /// Further facts, whose names start with `kmembuild:`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<BomProperty>,
}

/// A digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BomHash {
    /// The algorithm, `SHA-256`.
    pub alg: String,
    /// In hexadecimal digits.
    pub content: String,
}

/// A fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BomProperty {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// The contents of a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BomDependency {
    /// The component, by its `bom-ref`.
    #[serde(rename = "ref")]
    pub reference: String,
    /// The contained components, by their `bom-ref`.
    #[serde(default)]
    pub depends_on: Vec<String>,
}
