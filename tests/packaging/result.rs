//! A published result, as small as can be, of real programs.

use std::fs;
use std::path::{Path, PathBuf};

use kmembuild::artifacts::Manifest;
use kmembuild::attestation::PackageKey;
use kmembuild::delivery::packaging::{
    Package, PackageFormat, PackageSettings, PackagingError, package,
};
use kmembuild::library::Library;
use kmembuild::plan::PlannedSource;
use tempfile::TempDir;

use crate::support::manifest_of::manifest_of;

/// A result and a folder for what is packaged of it.
pub struct Published {
    folder: TempDir,
    pub manifest: Manifest,
    pub package: Package,
    pub source: PlannedSource,
}

/// The section on packages of a shipped recipe.
pub fn shipped(recipe: &str) -> Package {
    let loaded = Library::new(Vec::new()).load(recipe);
    let recipe = loaded.expect("a shipped recipe").recipe;
    *recipe.package.expect("a section on packages")
}

impl Published {
    /// What the recipe `recipe` publishes of `version`, the output `output` being a copy of `program`.
    pub fn new(recipe: &str, version: &str, output: &str, program: &str) -> Self {
        let bytes = fs::read(program).expect("a program of this machine");
        Self::of_bytes(recipe, version, output, &bytes)
    }

    /// The same with an output of these bytes.
    pub fn of_bytes(recipe: &str, version: &str, output: &str, bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(output);
        fs::write(&path, bytes).expect("a written output");
        let manifest = manifest_of(folder.path(), recipe, version, "linux-amd64", output);
        Self {
            folder,
            manifest: serde_json::from_value(manifest).expect("a manifest"),
            package: shipped(recipe),
            source: PlannedSource::Git {
                tag: Some(version.to_owned()),
                commit: "dc9208a3303feef5b3839f4323d9beb36df0a9dd".to_owned(),
                tree: "00".to_owned(),
                modified: 1_577_100_000,
                patches: Vec::new(),
            },
        }
    }

    /// The folder of the result.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Packages it.
    #[track_caller]
    pub fn package(&self, format: PackageFormat) -> PathBuf {
        self.try_package(format).expect("a package")
    }

    /// Packages it, or is refused.
    pub fn try_package(&self, format: PackageFormat) -> Result<PathBuf, PackagingError> {
        self.try_signed(format, None)
    }

    /// Packages it and signs it.
    #[track_caller]
    pub fn signed(&self, format: PackageFormat, key: &PackageKey) -> PathBuf {
        self.try_signed(format, Some(key)).expect("a package")
    }

    fn try_signed(
        &self,
        format: PackageFormat,
        key: Option<&PackageKey>,
    ) -> Result<PathBuf, PackagingError> {
        let settings = PackageSettings::new(&self.package, &self.source).signed_by(key);
        let out = self.path().join("packages");
        package(format, &settings, &self.manifest, self.path(), &out)
    }
}
