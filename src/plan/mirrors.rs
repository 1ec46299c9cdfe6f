//! Where an image is looked up.

use std::collections::BTreeMap;

use super::types::{BaseImage, Plan, PlannedImage};
use crate::recipe::ImageName;

/// Where an image may be available, in addition to its own name.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    /// Prefixes that are tried before everything else.
    pub first: &'a [String],
    /// Registries that have moved: a prefix of image names, and the registry that serves these images now.
    pub moved_registries: &'a BTreeMap<String, String>,
    /// Other repositories of the same image.
    pub also: &'a [ImageName],
    /// Prefixes that are tried last.
    pub last: &'a [String],
}

/// References of the image `name`, in the order in which they are tried: below each prefix of `first`, then its own
/// name (or the place that its registry has moved to), then the repositories of `also`, then below each prefix of
/// `last`.
///
/// Below a prefix, the whole repository path is tried first, then its last part alone. Mirrors of a registry keep the
/// path (`library/golang`); mirrors that are filled by hand often do not (`golang`).
pub fn candidates(name: &str, places: &Places<'_>) -> Vec<String> {
    let path = repository_path(name);
    let short = path.rsplit('/').next().unwrap_or(&path);
    let moved = moved(name, places.moved_registries);
    // A mirror of the new registry has the path that the image has there.
    let there = moved.map_or(path.as_str(), |(_, rest)| rest);
    let below = |prefix: &String| {
        let prefix = prefix.trim_end_matches('/');
        [path.as_str(), there, short].map(|repository| format!("{prefix}/{repository}"))
    };
    let own = match moved {
        Some((new, rest)) => vec![format!("{new}/{rest}"), format!("{new}/{short}")],
        None => vec![name.to_owned()],
    };
    let tag = &short[short.find([':', '@']).unwrap_or(short.len())..];
    let mut found: Vec<String> = Vec::new();
    let all = places
        .first
        .iter()
        .flat_map(below)
        .chain(own)
        .chain(
            places
                .also
                .iter()
                .map(|repository| format!("{repository}{tag}")),
        )
        .chain(places.last.iter().flat_map(below));
    for reference in all {
        if !found.contains(&reference) {
            found.push(reference);
        }
    }
    found
}

impl Plan {
    /// The plan with `prefixes` tried first for every image; what is built does not change.
    #[must_use]
    pub fn with_mirrors(mut self, prefixes: &[String]) -> Self {
        let client = self
            .build
            .script
            .iter_mut()
            .map(|script| &mut script.client);
        let bases = match &mut self.image {
            PlannedImage::Registry(base) => std::slice::from_mut(base),
            PlannedImage::Dockerfile { bases, .. } => bases.as_mut_slice(),
            PlannedImage::Debian(_) | PlannedImage::Archive { .. } => &mut [],
        };
        for base in bases.iter_mut().chain(client) {
            look_first_under(prefixes, base);
        }
        self
    }
}

fn look_first_under(prefixes: &[String], base: &mut BaseImage) {
    let nowhere_else = Places {
        first: prefixes,
        moved_registries: &BTreeMap::new(),
        also: &[],
        last: &[],
    };
    let mut references = candidates(&base.name, &nowhere_else);
    // The place of its own name is decided by the plan.
    references.retain(|reference| *reference != base.name);
    for reference in &base.candidates {
        if !references.contains(reference) {
            references.push(reference.clone());
        }
    }
    base.candidates = references;
}

/// The new registry for the image `name`, and the rest of the name. If several prefixes match, the longest counts.
fn moved<'a>(
    name: &'a str,
    moved_registries: &'a BTreeMap<String, String>,
) -> Option<(&'a str, &'a str)> {
    moved_registries
        .iter()
        .filter_map(|(old, new)| {
            let rest = name.strip_prefix(old.as_str())?.strip_prefix('/')?;
            Some((new.as_str(), rest))
        })
        .min_by_key(|(_, rest)| rest.len())
}

/// `name` without its registry; the `library/` of Docker Hub's official images is added back.
fn repository_path(name: &str) -> String {
    match name.split_once('/') {
        None => format!("library/{name}"),
        Some(("docker.io", rest)) => {
            if rest.contains('/') {
                rest.to_owned()
            } else {
                format!("library/{rest}")
            }
        }
        // The engine distinguishes registries from repositories by the same rule.
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => {
            rest.to_owned()
        }
        Some(_) => name.to_owned(),
    }
}
