//! Digests of plans and of parts of them.

use serde::Serialize;

use super::types::{
    Plan, PlannedBuild, PlannedFile, PlannedOutput, PlannedSource, PlannedStep, PlannedToolchain,
    RecipeIdentity, Via,
};
use crate::checksum::sha256_hex;
use crate::engine::ImageContent;
use crate::recipe::Network;

/// Version of the content key. To be raised when a version of the tool builds something else from the same plan.
const CONTENT_FORMAT: u32 = 1;

/// `value` as JSON that is the same for equal values: struct fields in their order, maps sorted.
///
/// # Panics
/// Never for the types of this crate: their maps have text keys, the one thing that JSON could refuse.
pub fn canonical_json<T: Serialize>(value: &T) -> String {
    serde_json::to_string_pretty(value).expect("plan types have text keys only") + "\n"
}

/// Everything that can change the bytes of a result. Each part is serialised whole, so a field that is added to a part
/// is in the key at once.
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

impl<'a> Content<'a> {
    /// Takes the plan apart without `..`: a new field does not compile until it is decided here whether it can change
    /// the bytes of the result.
    fn new(plan: &'a Plan, image: &'a ImageContent) -> Self {
        let Plan {
            // How the plan is written down, not what it says; CONTENT_FORMAT is the version that counts here.
            format: _,
            recipe,
            version,
            platform,
            // The second half of `platform`.
            architecture: _,
            class,
            targets,
            source,
            // How the image is obtained; what the image contains is in `image` of the key.
            image: _,
            build,
            outputs,
            further_outputs,
            // Text for the user.
            known_holes: _,
            remarks: _,
            warnings: _,
        } = plan;
        let PlannedBuild {
            workdir,
            network,
            // Compile caches: Go checks what it takes from them against the inputs, so they save time only.
            caches: _,
            files,
            toolchain,
            // Compared with what the engine has, to warn the user; no step sees them.
            needs: _,
            // A build that exceeds a limit fails; one that stays within makes the same files. What the limits change in
            // a command, such as the number of jobs, is in `steps`.
            limits: _,
            via,
            // Names that upstream's script finds its surroundings by and leaves behind, and the client that starts its
            // containers. They follow from the recipe and the source, which are in the key; the compiler is in `image`.
            script: _,
            steps,
        } = build;
        Self {
            format: CONTENT_FORMAT,
            recipe,
            version,
            platform,
            class: class.as_deref(),
            targets,
            source,
            image,
            workdir,
            network: *network,
            files,
            toolchain: toolchain.as_ref(),
            via: *via,
            steps,
            outputs,
            further_outputs,
        }
    }
}

impl Plan {
    /// Sha256 of the plan's canonical form: equal plans, and only those, have equal digests.
    pub fn digest(&self) -> String {
        sha256_hex(canonical_json(self).as_bytes())
    }

    /// Sha256 of everything in this plan that can change the bytes of the result, and of the content of the image that
    /// it is built in. Results with equal keys are interchangeable: this is the key of the cache.
    pub fn content_key(&self, image: &ImageContent) -> String {
        sha256_hex(canonical_json(&Content::new(self, image)).as_bytes())
    }
}
