//! What the index of a release says of a build, out of its manifest; and what is different from the build before.

use super::index::{IndexBinary, IndexBuild};
use super::manifest::{Manifest, ManifestFile, ManifestSource};
use crate::checksum::sha256_hex;
use crate::plan::{KnownHoles, canonical_json};

/// Digits of a digest that are enough to tell two apart.
const SHORT: usize = 12;

impl IndexBuild {
    /// What the manifest of a result says.
    pub fn of(manifest: &Manifest) -> Self {
        let (source, origin, patches) = match &manifest.source {
            ManifestSource::Git {
                commit,
                url,
                patches,
                ..
            } => (format!("commit {commit}"), url.clone(), patches.as_slice()),
            ManifestSource::Directory {
                path,
                package,
                package_version,
            } => {
                let version = package_version.as_deref().unwrap_or("of unknown version");
                (format!("{package} {version}"), path.clone(), &[][..])
            }
        };
        let patches = patches.iter().chain(&manifest.image.patches);
        Self {
            started_at: manifest.started_at.clone(),
            built_at: manifest.built_at.clone(),
            recipe_sha256: manifest.recipe.sha256.clone(),
            source,
            origin,
            patches: patches.map(|patch| patch.file.clone()).collect(),
            image: manifest.image.name.clone(),
            image_content: sha256_hex(canonical_json(&manifest.image.content).as_bytes()),
            toolchain: manifest.toolchain.as_ref().map(|used| used.version.clone()),
            known_holes: manifest.known_holes.as_ref().map(KnownHoles::summary),
            warnings: manifest.warnings.clone(),
            binaries: manifest.files.iter().map(binary).collect(),
        }
    }

    /// What is different from `before`, an earlier build of the same target: one line for each input or file that moved.
    pub fn changes_since(&self, before: &Self) -> Vec<String> {
        let short = |digest: &str| digest.get(..SHORT).unwrap_or(digest).to_owned();
        let none = || "none".to_owned();
        let inputs = [
            ("source", before.source.clone(), self.source.clone()),
            (
                "recipe",
                short(&before.recipe_sha256),
                short(&self.recipe_sha256),
            ),
            (
                "patches",
                before.patches.join(", "),
                self.patches.join(", "),
            ),
            (
                "image",
                short(&before.image_content),
                short(&self.image_content),
            ),
            (
                "toolchain",
                before.toolchain.clone().unwrap_or_else(none),
                self.toolchain.clone().unwrap_or_else(none),
            ),
        ];
        let mut changes: Vec<_> = inputs
            .into_iter()
            .filter(|(_, before, now)| before != now)
            .map(|(what, before, now)| format!("{what}: {before} -> {now}"))
            .collect();
        for binary in &self.binaries {
            let mut earlier = before.binaries.iter();
            match earlier.find(|earlier| earlier.name == binary.name) {
                None => changes.push(format!("{}: new", binary.name)),
                Some(earlier) if earlier.sha256 != binary.sha256 => changes.push(format!(
                    "{}: sha256 {} -> {}",
                    binary.name,
                    short(&earlier.sha256),
                    short(&binary.sha256)
                )),
                Some(_) => {}
            }
        }
        let is_gone =
            |binary: &&IndexBinary| self.binaries.iter().all(|now| now.name != binary.name);
        let gone = before.binaries.iter().filter(is_gone);
        changes.extend(gone.map(|binary| format!("{}: no longer there", binary.name)));
        changes
    }
}

fn binary(file: &ManifestFile) -> IndexBinary {
    IndexBinary {
        name: file.name.clone(),
        size: file.size,
        sha256: file.sha256.clone(),
        checks: file.checks.clone(),
    }
}
