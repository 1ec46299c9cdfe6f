//! A binary for which a script is written.

use std::path::{Path, PathBuf};

use super::error::NodeScriptError;
use crate::artifacts::{Manifest, directory_of, read_manifest};
use crate::verify::{KmemVerdict, inspect};

/// The names of the binaries on nodes, in the order of the script.
const NAMES: [&str; 2] = ["runc", "kubelet"];

/// A binary of a published result, verified again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeBinary {
    /// runc or kubelet.
    pub name: String,
    /// The version of the result.
    pub version: String,
    /// Its sha256 in hexadecimal digits.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
    /// Operating system and architecture.
    pub platform: String,
    /// Its path below the directory for published results.
    pub place: String,
}

impl NodeBinary {
    /// The binaries of a result, given by its directory or its manifest. Each is compared with the manifest, and must be
    /// proven to be without accounting.
    ///
    /// # Errors
    /// [`NodeScriptError`], which says what to do.
    pub fn read(result: &Path) -> Result<Vec<Self>, NodeScriptError> {
        let folder = directory_of(result);
        let manifest = read_manifest(folder)?;
        let names = NAMES
            .into_iter()
            .filter_map(|name| manifest.files.iter().find(|file| file.name == name));
        let binaries: Vec<_> = names
            .map(|file| Self::check(&manifest, &file.name, &file.sha256, folder))
            .collect::<Result<_, _>>()?;
        if binaries.is_empty() {
            return Err(NodeScriptError::Nothing {
                folder: folder.to_owned(),
            });
        }
        Ok(binaries)
    }

    /// `runc v1.0.0-rc10`.
    pub fn title(&self) -> String {
        format!("{} {}", self.name, self.version)
    }

    fn check(
        manifest: &Manifest,
        name: &str,
        expected: &str,
        folder: &Path,
    ) -> Result<Self, NodeScriptError> {
        let path: PathBuf = folder.join(name);
        let findings = inspect(&path).map_err(|source| NodeScriptError::Binary {
            name: name.to_owned(),
            folder: folder.to_owned(),
            source,
        })?;
        if findings.sha256 != expected {
            return Err(NodeScriptError::Changed {
                path,
                found: findings.sha256,
                expected: expected.to_owned(),
            });
        }
        if matches!(
            findings.kmem.verdict,
            KmemVerdict::On | KmemVerdict::OnRequest | KmemVerdict::Unknown
        ) {
            return Err(NodeScriptError::NotProven { path });
        }
        let (version, platform) = (manifest.version.clone(), manifest.platform.clone());
        Ok(Self {
            name: name.to_owned(),
            place: format!("{}/{version}/{platform}/{name}", manifest.recipe.name),
            version,
            sha256: findings.sha256,
            size: findings.size,
            platform,
        })
    }
}
