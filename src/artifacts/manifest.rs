//! The manifest: what was published, from what, and what the checks found.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::execute::Toolchain;
use crate::plan::{PlannedPatch, RecipeIdentity, Via};
use crate::verify::{Check, Findings, Outcome};

/// Name and version of the tool.
pub const TOOL: &str = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
/// Version of the manifest's form.
pub const MANIFEST_FORMAT: u32 = 1;

/// Everything that is known about a published result.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Manifest {
    /// [`MANIFEST_FORMAT`].
    pub format: u32,
    /// Name and version of the tool.
    pub tool: String,
    /// The recipe, to the byte.
    pub recipe: RecipeIdentity,
    /// Where the recipe came from.
    pub recipe_origin: String,
    /// Sha256 of the plan in `plan.json`.
    pub plan_sha256: String,
    /// The version as resolved.
    pub version: String,
    /// Operating system and architecture.
    pub platform: String,
    /// Class of the source tree.
    pub class: Option<String>,
    /// What `--like` read, where that chose the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub like: Option<ManifestLike>,
    /// The source.
    pub source: ManifestSource,
    /// The toolchain image.
    pub image: ManifestImage,
    /// What was built of the source; none where the recipe knows no targets.
    pub targets: Vec<String>,
    /// How upstream's build was run.
    pub via: Via,
    /// The toolchain, where the recipe says how to ask for it.
    pub toolchain: Option<Toolchain>,
    /// The commands that were run, in order.
    pub commands: Vec<StepRecord>,
    /// When the build began, in UTC.
    pub started_at: String,
    /// When the build was done, in UTC.
    pub built_at: String,
    /// The engine that it was built on.
    pub engine: String,
    /// What the user was warned of.
    pub warnings: Vec<String>,
    /// The published binaries.
    pub files: Vec<ManifestFile>,
}

/// What a result is to be like, as it was reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ManifestLike {
    /// The version.
    pub version: Option<String>,
    /// The commit's label.
    pub commit: Option<String>,
    /// The architecture in Go's terms.
    pub architecture: Option<String>,
}

/// The source of a result.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ManifestSource {
    /// A commit of a git repository.
    #[serde(rename_all = "kebab-case")]
    Git {
        /// Tag that names the commit.
        tag: Option<String>,
        /// The commit.
        commit: String,
        /// The commit's tree.
        tree: String,
        /// The tree that was compiled, where patches changed it.
        patched_tree: Option<String>,
        /// URL that served it.
        url: String,
        /// Whether what was compiled is the commit's tree, to the byte.
        unmodified: bool,
        /// Patches to what was compiled.
        patches: Vec<ManifestPatch>,
    },
    /// A folder that a package of the image brings.
    #[serde(rename_all = "kebab-case")]
    Folder {
        /// The folder in the image.
        path: String,
        /// The package.
        package: String,
        /// The package's version.
        package_version: Option<String>,
    },
}

/// A patch that was applied.
pub type ManifestPatch = PlannedPatch;

/// The toolchain image of a result.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ManifestImage {
    /// Name on the engine.
    pub name: String,
    /// Config digest.
    pub id: String,
    /// Digests of its unpacked layers, lowest first.
    pub layers: Vec<String>,
    /// Environment of its containers, `NAME=value`.
    pub environment: Vec<String>,
    /// Architecture in Go's terms.
    pub architecture: String,
    /// Digests under which registries know it.
    pub repo_digests: Vec<String>,
    /// The images it was made from or pulled as: name to the reference that had it; null: it was there already.
    pub pulled: BTreeMap<String, Option<String>>,
    /// Patches to the build context of the image.
    pub patches: Vec<ManifestPatch>,
    /// What the making of the image had to say.
    pub remarks: Vec<String>,
    /// Packages in it, where it is a Debian one.
    pub packages: Vec<PackageVersion>,
}

/// A published binary.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ManifestFile {
    /// File name.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
    /// Sha256 in hexadecimal digits.
    pub sha256: String,
    /// Permission bits in octal.
    pub mode: String,
    /// What was found in it.
    pub findings: Findings,
    /// What had to hold, and whether it does.
    pub checks: Vec<Check>,
}

impl ManifestFile {
    /// Whether no check failed.
    pub fn passed(&self) -> bool {
        let mut checks = self.checks.iter();
        checks.all(|check| check.outcome != Outcome::Failed)
    }
}

/// A package of the image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageVersion {
    /// Name, with the architecture where it is not the image's own.
    pub name: String,
    /// Version.
    pub version: String,
}

/// A step that was run.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StepRecord {
    /// The step as planned.
    pub name: String,
    /// Program and arguments.
    pub command: Vec<String>,
    /// Environment, added to the image's own.
    pub environment: BTreeMap<String, String>,
    /// How long it took, in milliseconds.
    pub milliseconds: u64,
}
