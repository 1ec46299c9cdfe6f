use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::recipe::names::Name;
use crate::recipe::template::Template;
use crate::recipe::version::VersionRange;
use crate::verify::{GlibcVersion, KmemExpectation};

/// A file to take out of the build and publish.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Output {
    /// Path in the container, relative to the work directory.
    #[schemars(with = "Template")]
    pub path: Spanned<Template>,
    /// File name of the published file. Default: the last part of the path.
    #[serde(default)]
    #[schemars(with = "Option<Name>", extend("examples" = ["runc-static"]))]
    pub name: Option<Spanned<Name>>,
    /// Versions that have this output. Default: all.
    #[serde(default)]
    pub versions: Option<VersionRange>,
    /// Target that has this output. Default: all.
    #[serde(default)]
    #[schemars(with = "Option<Name>")]
    pub target: Option<Spanned<Name>>,
    /// Checks that the file must pass before it is published. Default: only the architecture is checked.
    #[serde(default)]
    pub checks: Checks,
}

/// Checks that an output must pass. The architecture is always checked, everything else only if given.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Checks {
    /// Required state of kernel-memory accounting. Default: not checked.
    #[serde(default)]
    pub kmem: Option<KmemExpectation>,
    /// Whether the file must be statically (`true`) or dynamically (`false`) linked. Default: not checked.
    #[serde(default, rename = "static")]
    pub static_linked: Option<bool>,
    /// Highest version of the GNU C library that the file may require. Default: not checked.
    #[serde(default)]
    pub glibc_floor: Option<GlibcVersion>,
    /// What the file must print about its version. Default: not checked.
    #[serde(default)]
    pub version: Option<VersionCheck>,
}

/// What a binary must print about its version.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct VersionCheck {
    /// Arguments to run the binary with.
    pub arguments: Vec<String>,
    /// Texts that its output must contain, each as whole words.
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
