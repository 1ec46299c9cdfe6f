//! A target of a release.

use super::options::Options;
use crate::recipe::{Architecture, Name, PackageFormat};

/// One build of a release.
#[derive(Debug, Clone)]
pub struct Target {
    /// Name of the recipe.
    pub recipe: Name,
    /// Tag or commit; `None` for a source that is a directory of the image, which has one version.
    pub version: Option<String>,
    /// Architecture; the engine's own if `None`.
    pub arch: Option<Architecture>,
    /// Name of the variant.
    pub variant: Option<Name>,
    /// Packages to make from the result.
    pub packages: Vec<PackageFormat>,
    /// Options of the build.
    pub options: Options,
}

impl Target {
    /// The target as one word, with slashes between the parts: `runc/v1.0.0-rc10/amd64`. `--only` is compared with it.
    pub fn label(&self) -> String {
        let parts = [
            Some(self.recipe.as_str()),
            self.version.as_deref(),
            self.arch.as_ref().map(Architecture::as_str),
            self.variant.as_ref().map(Name::as_str),
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        parts.join("/")
    }
}
