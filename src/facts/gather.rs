//! Reads the facts that a recipe asks for.

use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use super::dockerfile::base_images;
use super::types::{ArchiveFacts, FactsError, TreeFacts};
use crate::recipe::{Condition, Recipe, RelativePath, Source};
use crate::regular_file;
use crate::source::{SourceError, Tree};

/// Answers the recipe's questions about a source tree.
///
/// # Errors
/// [`FactsError::Tree`] when an object of the tree cannot be read.
pub fn read_tree(recipe: &Recipe, tree: &Tree) -> Result<TreeFacts, FactsError> {
    read(recipe, tree).map_err(FactsError::Tree)
}

fn read(recipe: &Recipe, tree: &Tree) -> Result<TreeFacts, SourceError> {
    let text = |path: &RelativePath| -> Result<Option<String>, SourceError> {
        let content = tree.read(path.as_str())?;
        Ok(content.map(|content| String::from_utf8_lossy(&content).into_owned()))
    };
    let mut facts = TreeFacts::default();
    let conditions = recipe
        .classes
        .iter()
        .flat_map(|class| &class.when)
        .chain(recipe.architectures.values().flat_map(|arch| &arch.when))
        .chain(recipe.values.values().flatten().flat_map(|case| &case.when))
        .chain(recipe.build.run_sh.iter().flat_map(|way| &way.when));
    for condition in conditions {
        match condition {
            Condition::Exists(path) | Condition::Missing(path) => {
                if tree.exists(path.as_str())? {
                    facts.present.insert(path.to_string());
                }
            }
            Condition::Contains(asked) | Condition::Lacks(asked) => {
                if text(&asked.file)?.is_some_and(|text| text.contains(&asked.text)) {
                    let texts = facts.texts.entry(asked.file.to_string());
                    texts.or_default().insert(asked.text.clone());
                }
            }
        }
    }
    for path in recipe.targets.iter().flat_map(|known| known.known.values()) {
        if tree.exists(path.as_str())? {
            facts.present.insert(path.to_string());
        }
    }
    if let Source::Git(git) = &recipe.source {
        for (name, wanted) in &git.read {
            if let Some(text) = text(&wanted.file)?
                && let Some(found) = wanted.pattern.find(&text)
            {
                facts.read.insert(name.to_string(), found.to_owned());
            }
        }
        if let Some(path) = &git.version_file
            && let Some(text) = text(path)?
        {
            facts.version = text.lines().next().map(|line| line.trim().to_owned());
        }
    }
    if let Some(upstream) = &recipe.images.upstream
        && let Some(text) = text(&upstream.dockerfile)?
    {
        facts.base_images = base_images(&text);
    }
    Ok(facts)
}

/// An entry of the `manifest.json` that `docker save` writes.
#[derive(Deserialize)]
struct SavedImage {
    #[serde(rename = "Config")]
    config: String,
}

/// Maximum size of a `manifest.json`; a real one has a few kilobytes.
const MANIFEST_LIMIT: u64 = 1 << 20;

/// Finds the id of the only image in an archive that `docker save` wrote, without unpacking it.
///
/// # Errors
/// [`FactsError::ArchiveUnreadable`] or [`FactsError::NotAnArchive`].
pub fn read_archive_identity(path: &Path) -> Result<ArchiveFacts, FactsError> {
    let file = path.display().to_string();
    let unreadable = |source| FactsError::ArchiveUnreadable {
        file: file.clone(),
        source,
    };
    let refuse = |reason: &str| FactsError::NotAnArchive {
        file: file.clone(),
        reason: reason.to_owned(),
    };
    let mut archive = tar::Archive::new(regular_file::open(path).map_err(unreadable)?);
    // Raw: what the headers before an entry say of it would be read into memory whole, however long it is. The names that
    // are looked for are short ones.
    for entry in archive.entries_with_seek().map_err(unreadable)?.raw(true) {
        let entry = entry
            .map_err(|_| refuse("not a tar archive; decompress it first if it is compressed"))?;
        if entry
            .path()
            .is_ok_and(|path| path.as_os_str() == "manifest.json")
        {
            let mut text = String::new();
            entry
                .take(MANIFEST_LIMIT)
                .read_to_string(&mut text)
                .map_err(unreadable)?;
            let images: Vec<SavedImage> = serde_json::from_str(&text)
                .map_err(|_| refuse("its manifest.json is not a list of images"))?;
            let [image] = images.as_slice() else {
                return Err(refuse("it must contain exactly one image"));
            };
            // "<hex>.json" is from older engines, "blobs/sha256/<hex>" from newer ones.
            let config = image.config.rsplit('/').next().unwrap_or_default();
            let digest = config.strip_suffix(".json").unwrap_or(config);
            if digest.len() != 64 || !digest.chars().all(|c| c.is_ascii_hexdigit()) {
                return Err(refuse("its manifest.json has no config digest"));
            }
            return Ok(ArchiveFacts {
                image_id: format!("sha256:{digest}"),
            });
        }
    }
    Err(refuse(
        "it has no manifest.json; write the archive with `docker save IMAGE -o FILE`",
    ))
}
