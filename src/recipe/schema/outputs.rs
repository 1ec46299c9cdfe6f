use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::recipe::names::Name;
use crate::recipe::template::Template;
use crate::recipe::version::VersionRange;
use crate::verify::{GlibcVersion, KmemExpectation};

/// A file that the build produces.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Output {
    /// Path in the container, relative to the working directory.
    pub path: Spanned<Template>,
    /// File name that it is published under; the last part of the path by default.
    #[serde(default)]
    pub name: Option<Spanned<Name>>,
    /// Only for these versions; for all by default.
    #[serde(default)]
    pub versions: Option<VersionRange>,
    /// Only when this target is built.
    #[serde(default)]
    pub target: Option<Spanned<Name>>,
    /// What must hold for it.
    #[serde(default)]
    pub checks: Checks,
}

/// What must hold for an output. What is left out is not checked, except for the architecture, which always is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Checks {
    /// Kernel-memory accounting.
    #[serde(default)]
    pub kmem: Option<KmemExpectation>,
    /// Whether it must be linked statically (true) or dynamically (false).
    #[serde(default, rename = "static")]
    pub static_linked: Option<bool>,
    /// Highest version of the GNU C library that it may require.
    #[serde(default)]
    pub glibc_floor: Option<GlibcVersion>,
    /// What it must print as its version.
    #[serde(default)]
    pub version: Option<VersionCheck>,
}

/// What a binary must print as its version.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct VersionCheck {
    /// Arguments to run it with.
    pub arguments: Vec<String>,
    /// Texts that its output must contain.
    pub contains: Vec<Template>,
}

impl Output {
    /// File name that it is published under. It is empty for a path that ends in a value and has no `name`; a recipe
    /// that was checked has no such output.
    pub fn file_name(&self) -> &str {
        self.name.as_ref().map_or_else(
            || self.path.value.file_name().unwrap_or_default(),
            |name| name.value.as_str(),
        )
    }
}
