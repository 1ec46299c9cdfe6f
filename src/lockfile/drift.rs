//! What has changed since a lock file was written.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::types::Lockfile;

/// An input that does not match the lock file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// The input, in words: `the tag v1.0.0-rc10 of runc`.
    pub what: String,
    /// What the lock file contains; `None` if it does not contain the input.
    pub locked: Option<String>,
    /// What was found.
    pub found: String,
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.locked {
            Some(locked) => write!(f, "{}\n    - {locked}\n    + {}", self.what, self.found),
            None => write!(f, "{}\n    not locked\n    + {}", self.what, self.found),
        }
    }
}

impl Lockfile {
    /// The inputs in `found`, those of a release, that do not match this lock file. Inputs that only the lock file has
    /// are ignored, because a part of a release uses a part of the inputs.
    pub fn drift(&self, found: &Self) -> Vec<Drift> {
        let mut drift = Vec::new();
        for (kind, locked, found) in [
            ("recipe", &self.recipes, &found.recipes),
            ("patch", &self.patches, &found.patches),
        ] {
            for (name, found) in found {
                let locked = locked.get(name);
                if locked != Some(found) {
                    drift.push(Drift {
                        what: format!("the {kind} {name}"),
                        locked: locked.map(|sha256| format!("sha256 {sha256}")),
                        found: format!("sha256 {found}"),
                    });
                }
            }
        }
        let nothing = BTreeMap::new();
        for (recipe, found) in &found.sources {
            let locked = self.sources.get(recipe).unwrap_or(&nothing);
            for (version, found) in found {
                let locked = locked.get(version);
                // The URLs may differ.
                let same =
                    locked.is_some_and(|one| one.commit == found.commit && one.tree == found.tree);
                if !same {
                    drift.push(Drift {
                        what: format!("the source {version} of {recipe}"),
                        locked: locked.map(|one| format!("commit {}", one.commit)),
                        found: format!("commit {}", found.commit),
                    });
                }
            }
        }
        for (name, found) in &found.images {
            let locked = self.images.get(name);
            if locked.is_none_or(|locked| locked.content != found.content) {
                drift.push(Drift {
                    what: format!("the image {name}"),
                    locked: locked
                        .map(|locked| format!("layers {}", locked.content.layers.join(" "))),
                    found: format!("layers {}", found.content.layers.join(" ")),
                });
            }
        }
        drift
    }

    /// This lock file with the input `name` (a recipe, a version, a patch or an image) replaced by what `found` has
    /// for it. `None` if neither contains it.
    #[must_use]
    pub fn updated(&self, name: &str, found: &Self) -> Option<Self> {
        let mut updated = self.clone();
        let mut known = false;
        let mut take = |into: &mut BTreeMap<String, String>, from: &BTreeMap<String, String>| {
            if into.contains_key(name) || from.contains_key(name) {
                known = true;
                replace(into, from, name);
            }
        };
        take(&mut updated.recipes, &found.recipes);
        take(&mut updated.patches, &found.patches);
        if updated.images.contains_key(name) || found.images.contains_key(name) {
            known = true;
            replace(&mut updated.images, &found.images, name);
        }
        let recipes: BTreeSet<_> = self.sources.keys().chain(found.sources.keys()).collect();
        for recipe in recipes {
            let into = updated.sources.entry(recipe.clone()).or_default();
            let from = found.sources.get(recipe).cloned().unwrap_or_default();
            if recipe == name {
                known = true;
                *into = from;
            } else if into.contains_key(name) || from.contains_key(name) {
                known = true;
                replace(into, &from, name);
            }
        }
        updated.sources.retain(|_, sources| !sources.is_empty());
        known.then_some(updated)
    }

    /// Names of all its inputs, for suggestions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let versions = self.sources.values().flat_map(BTreeMap::keys);
        let names = self.recipes.keys().chain(self.patches.keys());
        names
            .chain(versions)
            .chain(self.images.keys())
            .map(String::as_str)
    }
}

fn replace<T: Clone>(into: &mut BTreeMap<String, T>, from: &BTreeMap<String, T>, name: &str) {
    match from.get(name) {
        Some(value) => into.insert(name.to_owned(), value.clone()),
        None => into.remove(name),
    };
}
