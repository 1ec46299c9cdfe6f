//! The contents of a lock file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::plan::{ImageContent, Plan, PlannedImage, PlannedSource};

/// The only version of the format that this tool reads and writes.
pub const LOCKFILE_FORMAT: u32 = 2;

/// The inputs of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Lockfile {
    /// [`LOCKFILE_FORMAT`].
    pub format: u32,
    /// Sha256 of each recipe's text, by name.
    pub recipes: BTreeMap<String, String>,
    /// Sha256 of each patch that is applied, by file.
    pub patches: BTreeMap<String, String>,
    /// The sources of each recipe, by tag or, if there is none, by the beginning of the commit.
    pub sources: BTreeMap<String, BTreeMap<String, LockedSource>>,
    /// Images that are pulled or bootstrapped, by their name on the engine. Images that are built from a Dockerfile
    /// are not included, because no two such builds are equal; the images that they start from are.
    pub images: BTreeMap<String, LockedImage>,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LockedSource {
    /// The URLs at the time of locking, in order. For reference only: the commit may come from anywhere.
    pub urls: Vec<String>,
    /// The commit.
    pub commit: String,
    /// Its tree.
    pub tree: String,
}

/// An image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LockedImage {
    /// Digest of its configuration, for reference only: an image that is made again has a different one.
    pub config: String,
    /// The properties that a build depends on.
    pub content: ImageContent,
    /// Digests of its manifest in the registries that it was found in, for reference only.
    pub manifests: Vec<String>,
}

impl Default for Lockfile {
    fn default() -> Self {
        Self {
            format: LOCKFILE_FORMAT,
            recipes: BTreeMap::new(),
            patches: BTreeMap::new(),
            sources: BTreeMap::new(),
            images: BTreeMap::new(),
        }
    }
}

impl Lockfile {
    /// Adds the inputs of `plan`, except for its images; its source may come from `urls`.
    pub fn add(&mut self, plan: &Plan, urls: &[String]) {
        let recipe = &plan.recipe;
        self.recipes
            .insert(recipe.name.clone(), recipe.sha256.clone());
        let context_patches = match &plan.image {
            PlannedImage::Dockerfile { patches, .. } => patches.as_slice(),
            _ => &[],
        };
        let mut source_patches = [].as_slice();
        if let PlannedSource::Git {
            commit,
            tree,
            patches,
            ..
        } = &plan.source
        {
            source_patches = patches.as_slice();
            let locked = LockedSource {
                urls: urls.to_vec(),
                commit: commit.clone(),
                tree: tree.clone(),
            };
            self.sources
                .entry(recipe.name.clone())
                .or_default()
                .insert(plan.version.clone(), locked);
        }
        for patch in context_patches.iter().chain(source_patches) {
            self.patches
                .insert(patch.file.clone(), patch.sha256.clone());
        }
    }

    /// The commits that the tags of a recipe must point to, by tag.
    pub fn tags(&self, recipe: &str) -> impl Iterator<Item = (String, String)> {
        let sources = self.sources.get(recipe).into_iter().flatten();
        sources.map(|(version, source)| (version.clone(), source.commit.clone()))
    }
}
