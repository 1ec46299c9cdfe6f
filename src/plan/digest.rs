//! Digests of plans and of parts of them.

use serde::Serialize;

use super::types::{
    Plan, PlannedFile, PlannedOutput, PlannedSource, PlannedStep, PlannedToolchain, RecipeIdentity,
    Via,
};
use crate::checksum::sha256_hex;
use crate::engine::ImageContent;
use crate::recipe::Network;

/// Version of what goes into a content key. A version of the tool that builds something else from the same plan has
/// another one.
const CONTENT_FORMAT: u32 = 1;

/// `value` as JSON that is the same for equal values: struct fields in their order, maps sorted.
///
/// # Panics
/// Never for the types of this crate: their maps have text keys, the one thing that JSON could refuse.
pub fn canonical_json<T: Serialize>(value: &T) -> String {
    serde_json::to_string_pretty(value).expect("plan types have text keys only") + "\n"
}

/// What decides over the bytes of a result. What is not in it may differ from one build to the next without changing
/// them: mirrors, limits, compile caches, what the user is told.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Content<'a> {
    format: u32,
    recipe: &'a RecipeIdentity,
    version: &'a str,
    platform: &'a str,
    class: Option<&'a str>,
    targets: &'a [String],
    source: &'a PlannedSource,
    image: &'a ImageContent,
    workdir: &'a str,
    network: Network,
    files: &'a [PlannedFile],
    toolchain: Option<&'a PlannedToolchain>,
    via: Via,
    steps: &'a [PlannedStep],
    outputs: &'a [PlannedOutput],
    further_outputs: &'a [String],
}

impl Plan {
    /// Sha256 of the plan's canonical form: equal plans, and only those, have equal digests.
    pub fn digest(&self) -> String {
        sha256_hex(canonical_json(self).as_bytes())
    }

    /// Sha256 of everything that decides over the result of this plan in an image of that content.
    pub fn content_key(&self, image: &ImageContent) -> String {
        sha256_hex(
            canonical_json(&Content {
                format: CONTENT_FORMAT,
                recipe: &self.recipe,
                version: &self.version,
                platform: &self.platform,
                class: self.class.as_deref(),
                targets: &self.targets,
                source: &self.source,
                image,
                workdir: &self.build.workdir,
                network: self.build.network,
                files: &self.build.files,
                toolchain: self.build.toolchain.as_ref(),
                via: self.build.via,
                steps: &self.build.steps,
                outputs: &self.outputs,
                further_outputs: &self.further_outputs,
            })
            .as_bytes(),
        )
    }
}
