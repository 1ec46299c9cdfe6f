//! What the user requests, apart from the recipe and the version.

use std::collections::BTreeSet;
use std::time::Duration;

use super::types::Via;
use crate::recipe::{Architecture, BuildOption, ImageName, ImageWay, Name, RegistryPrefix};
use crate::verify::GlibcVersion;

/// The user's choices that a plan depends on.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Target architecture; the engine's own by default.
    pub architecture: Option<Architecture>,
    /// Kind of toolchain image; the recipe's default by default.
    pub image: Option<ImageWay>,
    /// Another name for the ready image from a registry.
    pub image_name: Option<ImageName>,
    /// Prefixes of registries that are tried before everything else.
    pub mirrors: Vec<RegistryPrefix>,
    /// How upstream's build is run.
    pub via: Via,
    /// Targets to build; the recipe's default if empty.
    pub targets: Vec<Name>,
    /// Options of the build.
    pub options: BTreeSet<BuildOption>,
    /// Additional flags for the Go commands.
    pub goflags: Option<String>,
    /// A toolchain version, or its first parts, that is accepted instead of upstream's.
    pub allow_toolchain: Option<String>,
    /// Build versions that do not need to be built, too.
    pub force: bool,
    /// Memory limit of the build container, in bytes.
    pub memory: Option<u64>,
    /// Processor limit, in billionths of a processor.
    pub nano_cpus: Option<i64>,
    /// Time limit for all steps together.
    pub timeout: Option<Duration>,
    /// Maximum number of compiler processes at a time.
    pub jobs: Option<u32>,
    /// Highest version of the GNU C library that an output may require, instead of the recipe's.
    pub glibc_floor: Option<GlibcVersion>,
}
