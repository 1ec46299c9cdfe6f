//! Where an image is looked up.

use std::collections::BTreeMap;

use super::types::{BaseImage, Plan, PlannedImage};
use crate::recipe::{ImageName, Recipe, RegistryPrefix};

/// Where an image may be available, in addition to its own name.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    /// Prefixes that are tried before everything else.
    pub first: &'a [RegistryPrefix],
    /// Registries that have moved: a prefix of image names, and the registry that serves these images now.
    pub moved_registries: &'a BTreeMap<RegistryPrefix, RegistryPrefix>,
    /// Other repositories of the same image.
    pub also: &'a [ImageName],
    /// Prefixes that are tried last.
    pub last: &'a [RegistryPrefix],
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
    let below = |prefix: &RegistryPrefix| {
        let prefix = prefix.as_str().trim_end_matches('/');
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
    /// The plan with its images looked for below the prefixes of `first` and where `recipe` has them, and nowhere else:
    /// that is decided by who builds, not by a plan of somebody else's. What is built does not change.
    #[must_use]
    pub fn with_images_from(mut self, first: &[RegistryPrefix], recipe: &Recipe) -> Self {
        let images = &recipe.images;
        let look = |base: &mut BaseImage, also: Option<&[ImageName]>| {
            let places = Places {
                first,
                moved_registries: &images.moved_registries,
                also: also.unwrap_or_default(),
                last: &images.mirrors,
            };
            base.candidates = candidates(&base.name, &places);
        };
        match &mut self.image {
            PlannedImage::Registry(base) => {
                look(base, images.registry.as_ref().map(|image| &*image.also));
            }
            PlannedImage::Dockerfile { bases, .. } => {
                for base in bases {
                    look(base, None);
                }
            }
            PlannedImage::Debian(_)
            | PlannedImage::Archive { .. }
            | PlannedImage::Container { .. } => {}
        }
        if let Some(script) = &mut self.build.script {
            let way = recipe.build.run_sh.as_ref();
            look(&mut script.client, way.map(|way| &*way.client.also));
        }
        self
    }
}

/// The new registry for the image `name`, and the rest of the name. If several prefixes match, the longest counts.
fn moved<'a>(
    name: &'a str,
    moved_registries: &'a BTreeMap<RegistryPrefix, RegistryPrefix>,
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
