//! A target of a release.

use super::known_tags::KnownTags;
use super::options::Options;
use crate::recipe::{Architecture, Name, PackageFormat, Version};

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
    /// Its name, which is that of the directory of its result: `runc/v1.0.0-rc10/linux-amd64`, with a dash and the name of the
    /// variant if there is one. `known` has the recipe's spelling of versions, `own` is the engine's architecture, where it
    /// is known. Only of a
    /// commit is the directory's name another one: shorter.
    pub fn name(&self, known: Option<&KnownTags>, own: Option<&str>) -> String {
        // Any, as long as nobody knows which.
        let own = own.unwrap_or("*");
        let arch = self.arch.as_ref().map_or(own, Architecture::as_str);
        let variant = self.variant.as_ref();
        let variant = variant.map(|name| format!("-{name}")).unwrap_or_default();
        let version = self.known_version(known);
        format!("{}/{version}/linux-{arch}{variant}", self.recipe)
    }

    fn known_version(&self, known: Option<&KnownTags>) -> String {
        match (&self.version, known) {
            (None, Some(KnownTags::Directory(version))) => version.to_string(),
            (Some(version), Some(KnownTags::Git(tags))) => {
                let tag = version.parse().ok().and_then(|version| tags.get(&version));
                tag.map_or_else(|| version.clone(), Version::to_string)
            }
            (version, _) => version.clone().unwrap_or_default(),
        }
    }
}
