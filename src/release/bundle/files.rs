//! The release file, its lock file, recipes and patches.

use std::collections::BTreeMap;
use std::path::{Component, Path};
use std::sync::Arc;

use super::super::error::ReleaseError;
use super::super::parse::{parse_release, read_release};
use crate::bundle::{BundleWriter, BundledFile, TEXT_TYPE};
use crate::library::LoadedRecipe;
use crate::regular_file;
use crate::transport::Descriptor;

/// Largest lock file in bytes.
const LARGEST: u64 = 64 << 20;
/// Name of the release file in a bundle, whatever it is called here.
pub(super) const RELEASE: &str = "release.yaml";
/// Name of the lock file.
pub(super) const LOCKFILE: &str = "kmembuild.lock";
/// Directory of the recipes where the release file names none.
const RECIPES: &str = "recipes";

/// Puts the files of a release into a bundle, by their paths in it.
pub(super) fn put_files(
    writer: &mut BundleWriter,
    release: &Path,
    lockfile: &Path,
    recipes: &BTreeMap<String, Arc<LoadedRecipe>>,
) -> Result<Vec<BundledFile>, ReleaseError> {
    let (name, text) = read_release(release)?;
    let recipe_directory = recipe_directory(&name, &text)?;
    let lock = regular_file::read(lockfile, LARGEST);
    let lock = lock.map_err(|source| ReleaseError::Lockfile {
        path: lockfile.to_owned(),
        source,
    })?;
    let mut files = BTreeMap::from([
        (RELEASE.to_owned(), text.into_bytes()),
        (LOCKFILE.to_owned(), lock),
    ]);
    for (name, loaded) in recipes {
        let text = |text: &str| text.as_bytes().to_vec();
        let place = |path: String| format!("{recipe_directory}/{path}");
        files.insert(place(format!("{name}.yaml")), text(&loaded.text));
        if let Some(advisories) = &loaded.advisories {
            files.insert(place(format!("advisories/{name}.yaml")), text(advisories));
        }
        for (file, patch) in &loaded.patches {
            files.insert(place(format!("patches/{file}")), text(patch));
        }
    }
    let mut put = Vec::new();
    for (path, text) in files {
        let content = Descriptor::of(TEXT_TYPE, &text);
        writer.put_bytes(&content, &text)?;
        put.push(BundledFile { path, content });
    }
    Ok(put)
}

/// Where the recipes of a release are looked for first, below its directory.
pub(super) fn recipe_directory(name: &str, text: &str) -> Result<String, ReleaseError> {
    let release = parse_release(name, text)?;
    let named = release.recipes.unwrap_or_default();
    for directory in &named {
        let mut parts = Path::new(&directory.value).components();
        let is_below = parts.all(|part| matches!(part, Component::Normal(_)));
        if !is_below || directory.value.is_empty() {
            return Err(ReleaseError::NotCarried {
                what: format!("the recipe directory {:?}", directory.value),
                reason: "it is not below the directory of the release file".to_owned(),
            });
        }
    }
    let first = named.into_iter().next();
    let first = first.map_or_else(|| RECIPES.to_owned(), |directory| directory.value);
    Ok(first.trim_end_matches('/').to_owned())
}
