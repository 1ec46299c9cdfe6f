//! What goes into a pod and comes out of it, as documents.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::engine::{Image, ImageContent};
use crate::source::Served;

/// Version of both documents.
pub(super) const FORMAT: u32 = 1;
/// Artifact type of an input.
pub(super) const INPUT_TYPE: &str = "application/vnd.kmembuild.work.v1";
/// Artifact type of an output.
pub(super) const OUTPUT_TYPE: &str = "application/vnd.kmembuild.work-result.v1";
/// Media type of the document of an input.
pub(super) const INPUT_DOCUMENT: &str = "application/vnd.kmembuild.work.config.v1+json";
/// Media type of the document of an output.
pub(super) const OUTPUT_DOCUMENT: &str = "application/vnd.kmembuild.work-result.config.v1+json";
/// Media type of outputs and logs.
pub(super) const FILE_TYPE: &str = "application/octet-stream";
/// Name of the document of an input.
pub(super) const WORK: &str = "work.json";
/// Name of the document of an output.
pub(super) const RESULT: &str = "work-result.json";
/// Name of the pack with the commit.
pub(super) const PACK: &str = "source.pack";
/// Directory of the recipe with its patches.
pub(super) const RECIPES: &str = "recipes";
/// Largest document in bytes.
pub(super) const LARGEST: u64 = 16 << 20;

/// What a pod is to build.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct WorkInput {
    /// [`FORMAT`].
    pub(super) format: u32,
    /// Content key of the plan.
    pub(super) key: String,
    /// Name of the recipe.
    pub(super) recipe: String,
    /// The image of the pod.
    pub(super) image: WorkImage,
    /// The cluster, for the manifest.
    pub(super) engine: String,
    /// What is checked before there is a result.
    pub(super) checks: WorkChecks,
    /// The commit, unless the source is in the image.
    pub(super) source: Option<WorkSource>,
}

/// The image of a pod.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct WorkImage {
    /// Its name in the plan.
    pub(super) name: String,
    pub(super) id: String,
    pub(super) content: ImageContent,
    pub(super) repo_digests: Vec<String>,
    pub(super) labels: BTreeMap<String, String>,
}

/// The checks that need the surroundings of the build.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WorkChecks {
    /// Refuse a pod whose steps cannot be cut off from the network.
    pub no_network: bool,
}

/// A commit that is in a pack.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct WorkSource {
    pub(super) tag: Option<String>,
    pub(super) commit: String,
    pub(super) tree: String,
    pub(super) urls: Vec<String>,
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct WorkResult {
    /// [`FORMAT`].
    pub(super) format: u32,
    /// Content key of the plan.
    pub(super) key: String,
    /// The tool in the pod.
    pub(super) tool: String,
    /// Why there is no result, if there is none.
    pub(super) failure: Option<PodFailure>,
}

/// Why a build in a pod failed, in the words of the tool there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PodFailure {
    /// Its exit code.
    pub exit_code: u8,
    /// The error.
    pub message: String,
    /// Its causes, outermost first.
    pub causes: Vec<String>,
    /// Advice, one sentence each.
    pub hints: Vec<String>,
}

impl WorkImage {
    pub(super) fn new(name: &str, image: &Image) -> Self {
        Self {
            name: name.to_owned(),
            id: image.id.clone(),
            content: image.content.clone(),
            repo_digests: image.repo_digests.clone(),
            labels: image.labels.clone(),
        }
    }

    pub(super) fn image(&self) -> Image {
        Image {
            id: self.id.clone(),
            content: self.content.clone(),
            repo_digests: self.repo_digests.clone(),
            labels: self.labels.clone(),
        }
    }
}

impl WorkSource {
    pub(super) fn new(served: &Served) -> Self {
        Self {
            tag: served.tag.clone(),
            commit: served.commit.clone(),
            tree: served.tree.clone(),
            urls: [served.url.clone()].into(),
        }
    }
}
