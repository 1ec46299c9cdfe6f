//! What the user asked for, beyond the recipe and the version.

use std::collections::BTreeSet;
use std::time::Duration;

use super::types::Via;
use crate::recipe::{Architecture, BuildOption, ImageName, ImageWay, Name};
use crate::verify::GlibcVersion;

/// The user's choices that a plan depends on.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Target architecture; the engine's own when not given.
    pub architecture: Option<Architecture>,
    /// Way to the toolchain image; the recipe's default when not given.
    pub image: Option<ImageWay>,
    /// Another name for the ready image of a registry.
    pub image_name: Option<ImageName>,
    /// Prefixes of registries, tried before everything else.
    pub mirrors: Vec<String>,
    /// How upstream's build is run.
    pub via: Via,
    /// What is built of the source; the recipe's default when there are none.
    pub targets: Vec<Name>,
    /// What else is asked of the build.
    pub options: BTreeSet<BuildOption>,
    /// Further flags for the Go commands.
    pub goflags: Option<String>,
    /// A toolchain version that is accepted instead of upstream's, whole or its first parts.
    pub allow_toolchain: Option<String>,
    /// Build also what is not needed.
    pub force: bool,
    /// Most memory of the build container, in bytes.
    pub memory: Option<u64>,
    /// Processors, in billionths of one.
    pub nano_cpus: Option<i64>,
    /// Longest time of all the steps together.
    pub timeout: Option<Duration>,
    /// Most compiler processes at a time.
    pub jobs: Option<u32>,
    /// Highest C library version that an output may ask for, instead of the recipe's.
    pub glibc_floor: Option<GlibcVersion>,
}
