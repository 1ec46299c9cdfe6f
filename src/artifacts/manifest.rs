//! The manifest: what was published, from what, and what the checks found.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::engine::ImageContent;
use crate::plan::{InvalidValue, KnownHoles, PlannedPatch, RecipeIdentity, Via, is, is_output};
use crate::recipe::{Name, Sha256, Version};
use crate::verify::{Check, Findings, Outcome};

/// Name and version of the tool.
pub const TOOL: &str = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
/// Version of the manifest format.
pub const MANIFEST_FORMAT: u32 = 2;

/// Everything known about a published result.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Manifest {
    /// [`MANIFEST_FORMAT`].
    pub format: u32,
    /// Name and version of the tool.
    pub tool: String,
    /// The exact recipe.
    pub recipe: RecipeIdentity,
    /// Where the recipe came from.
    pub recipe_origin: String,
    /// Sha256 of the plan in `plan.json`.
    pub plan_sha256: String,
    /// The resolved version.
    pub version: String,
    /// Operating system and architecture.
    pub platform: String,
    /// Class of the source tree.
    pub class: Option<String>,
    /// What `--like` read, if that determined the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub like: Option<ManifestLike>,
    /// The source.
    pub source: ManifestSource,
    /// The toolchain image.
    pub image: ManifestImage,
    /// The targets built from the source; empty if the recipe has no targets.
    pub targets: Vec<String>,
    /// How upstream's build was run.
    pub via: Via,
    /// The toolchain, if the recipe can determine it.
    pub toolchain: Option<Toolchain>,
    /// The commands that were run, in order.
    pub commands: Vec<StepRecord>,
    /// When the build started, in UTC.
    pub started_at: String,
    /// When the build ended, in UTC.
    pub built_at: String,
    /// The engine that ran the build.
    pub engine: String,
    /// What the plan demands of the surroundings of the steps, and the engine could not keep.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_enforced: Vec<NotEnforced>,
    /// The warnings that the user was shown.
    pub warnings: Vec<String>,
    /// The known holes of what was built, when it was published. Manifests of earlier versions do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_holes: Option<KnownHoles>,
    /// The published binaries.
    pub files: Vec<ManifestFile>,
}

/// What `--like` was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ManifestLike {
    /// The version.
    pub version: Option<String>,
    /// The label of the commit.
    pub commit: Option<String>,
    /// Go's name of the architecture.
    pub architecture: Option<String>,
}

/// The source of a result.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ManifestSource {
    /// A commit of a git repository.
    #[serde(rename_all = "kebab-case")]
    Git {
        /// The tag of the commit.
        tag: Option<String>,
        /// The commit.
        commit: String,
        /// The commit's tree.
        tree: String,
        /// The tree that was compiled, if patches changed it.
        patched_tree: Option<String>,
        /// The URL that served it.
        url: String,
        /// Whether that place, which is not upstream's own, decided which commit the tag is, because nothing pins it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unpinned: bool,
        /// Whether exactly the commit's tree was compiled.
        unmodified: bool,
        /// The patches to what was compiled.
        patches: Vec<ManifestPatch>,
    },
    /// A directory from a package in the image.
    #[serde(rename_all = "kebab-case")]
    Directory {
        /// The directory in the image.
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
    /// What it contributes to a build.
    pub content: ImageContent,
    /// Digests under which registries know it.
    pub repo_digests: Vec<String>,
    /// The images it was made from or pulled as: the reference by name; null if it existed already.
    pub pulled: BTreeMap<String, Option<String>>,
    /// The patches to the image's build context.
    pub patches: Vec<ManifestPatch>,
    /// Remarks about making the image.
    pub remarks: Vec<String>,
    /// The packages in it, if it is a Debian image.
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
    /// Permission bits in octal, such as `755`.
    pub mode: String,
    /// The findings.
    pub findings: Findings,
    /// The checks and their results.
    pub checks: Vec<Check>,
}

impl Manifest {
    /// Refuses values that this tool never writes: they become paths on this machine. Every field is taken apart without
    /// `..`, so that a new one does not compile before it is decided here.
    ///
    /// # Errors
    /// The first [`InvalidValue`].
    pub fn check(&self) -> Result<(), InvalidValue> {
        let Self {
            // Whoever reads a manifest refuses other formats first.
            format: _,
            recipe: RecipeIdentity { name, sha256 },
            plan_sha256,
            version,
            platform,
            files,
            // Shown, and compared with what is found.
            tool: _,
            recipe_origin: _,
            class: _,
            like: _,
            source: _,
            image: _,
            targets: _,
            via: _,
            toolchain: _,
            commands: _,
            started_at: _,
            built_at: _,
            engine: _,
            not_enforced: _,
            warnings: _,
            known_holes: _,
        } = self;
        is::<Name>("recipe.name", name)?;
        is::<Sha256>("recipe.sha256", sha256)?;
        is::<Sha256>("plan-sha256", plan_sha256)?;
        is::<Version>("version", version)?;
        is::<Name>("platform", platform)?;
        let mut names = BTreeSet::new();
        for file in files {
            let ManifestFile {
                name,
                sha256,
                mode,
                // Compared with the file.
                size: _,
                findings: _,
                checks: _,
            } = file;
            is_output("files.name", name)?;
            is::<Sha256>("files.sha256", sha256)?;
            let reason = if !names.insert(name) {
                format!("{name:?} is there twice")
            } else if file.permissions().is_none() {
                format!("{mode:?} is not a mode such as 755")
            } else {
                continue;
            };
            let field = "files".to_owned();
            return Err(InvalidValue { field, reason });
        }
        Ok(())
    }
}

impl ManifestFile {
    /// The permission bits; `None` if the mode is not what this tool writes.
    pub fn permissions(&self) -> Option<u32> {
        let digits = &self.mode;
        let valid = digits.len() == 3 && digits.bytes().all(|digit| (b'0'..=b'7').contains(&digit));
        valid.then(|| u32::from_str_radix(digits, 8).ok()).flatten()
    }

    /// Whether no check failed.
    pub fn passed(&self) -> bool {
        let mut checks = self.checks.iter();
        checks.all(|check| check.outcome != Outcome::Failed)
    }
}

/// The toolchain of a result.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Toolchain {
    /// Its version.
    pub version: String,
    /// The version that upstream builds with.
    pub upstream: String,
    /// What the user accepted instead, where it is not upstream's.
    pub allowed: Option<String>,
}

/// Something that a plan demands of the surroundings of the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotEnforced {
    /// That the steps reach no network.
    Network,
    /// That the steps use no more memory and processors.
    Limits,
}

/// A package of the image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageVersion {
    /// Name, with the architecture if it differs from the image's.
    pub name: String,
    /// Version.
    pub version: String,
}

/// A step that was run.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StepRecord {
    /// The name of the planned step.
    pub name: String,
    /// Program and arguments.
    pub command: Vec<String>,
    /// The environment, in addition to the image's.
    pub environment: BTreeMap<String, String>,
    /// How long it took, in milliseconds.
    pub milliseconds: u64,
}
