//! The sources, registries and mirrors that the recipes use.

use std::collections::{BTreeMap, BTreeSet};

use super::targets::{HUB, Target, http, registry, repository};
use crate::recipe::{DebianMirror, ImageWay, Images, Recipe, RegistryPrefix, Source};
use crate::source::redacted;

/// A source, a registry or a mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The name to print, without a password.
    pub name: String,
    /// What it is.
    pub kind: PlaceKind,
    /// What to ask it, to see whether it answers.
    pub target: Target,
    /// What recipes need it for.
    pub needs: BTreeSet<Need>,
}

/// What a place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlaceKind {
    /// A git repository.
    Source,
    /// A registry of images.
    Registry,
    /// A mirror of Debian's archive.
    Debian,
}

/// What a recipe needs a place for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// The recipe.
    pub recipe: String,
    /// What the recipe needs.
    pub purpose: Purpose,
    /// Whether a build with default options needs it.
    pub is_default: bool,
    /// Another way to build if no place has it, if the recipe has one.
    pub way_around: Option<String>,
}

/// What a place is needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// The source.
    Source,
    /// The toolchain image, obtained in this way. No way falls back to another.
    Image(ImageWay),
    /// The image with a client of the engine, for upstream's script.
    Client,
}

/// The places that `recipes` need, each once, including the user's `mirrors` of registries and of Debian's archive.
/// Places of the same kind are adjacent.
pub fn places<'a>(
    recipes: impl IntoIterator<Item = &'a Recipe>,
    mirrors: &[RegistryPrefix],
    debian_mirror: Option<&DebianMirror>,
) -> Vec<Place> {
    let mut found = Found::default();
    for recipe in recipes {
        if let Source::Git(git) = &recipe.source {
            for url in &git.urls {
                let need = need(recipe, Purpose::Source);
                found.add(PlaceKind::Source, redacted(url), repository(url), need);
            }
        }
        for (purpose, host) in registries(recipe, mirrors) {
            let target = registry(&host);
            found.add(PlaceKind::Registry, host, target, need(recipe, purpose));
        }
        // Without a configured mirror, only mmdebstrap knows which one it will use.
        if let (Some(debian), Some(mirror)) = (&recipe.images.debian, debian_mirror) {
            let mirror = mirror.as_str().trim_end_matches('/');
            let name = format!("{} ({})", redacted(mirror), debian.suite);
            let list = format!("{mirror}/dists/{}/InRelease", debian.suite);
            let need = need(recipe, Purpose::Image(ImageWay::Debian));
            found.add(PlaceKind::Debian, name, http(&list), need);
        }
    }
    found.places.into_values().collect()
}

fn need(recipe: &Recipe, purpose: Purpose) -> Need {
    let images = &recipe.images;
    let way_around = match (purpose, &images.debian) {
        (Purpose::Image(way), Some(debian)) if way != ImageWay::Debian => {
            let without = "`--image debian` does not need it";
            Some(match &debian.versions {
                None => without.to_owned(),
                Some(versions) => format!("{without} ({versions})"),
            })
        }
        _ => None,
    };
    Need {
        recipe: recipe.name.to_string(),
        purpose,
        is_default: match purpose {
            Purpose::Source => true,
            Purpose::Image(way) => way == images.default.value,
            Purpose::Client => false,
        },
        way_around,
    }
}

impl Place {
    /// Whether it is Docker Hub, for which engines may be configured with mirrors.
    pub fn is_hub(&self) -> bool {
        self.kind == PlaceKind::Registry && self.name == HUB
    }
}

#[derive(Default)]
struct Found {
    places: BTreeMap<(PlaceKind, String), Place>,
}

impl Found {
    fn add(&mut self, kind: PlaceKind, name: String, target: Target, need: Need) {
        let place = self.places.entry((kind, name.clone()));
        let place = place.or_insert_with(|| Place {
            name,
            kind,
            target,
            needs: BTreeSet::new(),
        });
        place.needs.insert(need);
    }
}

/// The registries that may have images of the recipe, with the kind of image. Names that depend on the source tree or the
/// version are not known before a build.
fn registries(recipe: &Recipe, mirrors: &[RegistryPrefix]) -> BTreeSet<(Purpose, String)> {
    let images = &recipe.images;
    let mut found = BTreeSet::new();
    let mut add = |purpose, own: Vec<String>| {
        let prefixes = mirrors.iter().chain(&images.mirrors);
        let below = prefixes.map(prefix_host);
        found.extend(own.into_iter().chain(below).map(|host| (purpose, host)));
    };
    // Upstream's Dockerfiles start from images without a registry in their names.
    let upstream = || HUB.to_owned();
    if let Some(image) = &images.registry {
        // The registry of the name itself, and whether it was replaced, depends on the source tree.
        let replacements = images.moved_registries.values().map(prefix_host);
        let also = image.also.iter().map(|name| name_host(name.as_str()));
        add(
            Purpose::Image(ImageWay::Registry),
            replacements.chain(also).collect(),
        );
    }
    if images.upstream.is_some() {
        add(Purpose::Image(ImageWay::Upstream), vec![upstream()]);
    }
    if let Some(image) = &images.lean {
        let base = image.base.as_ref();
        let base = base.map_or_else(upstream, |name| own_host(name.as_str(), images));
        add(Purpose::Image(ImageWay::Lean), vec![base]);
    }
    if let Some(script) = &recipe.build.run_sh {
        let also = script.client.also.iter();
        let mut hosts: Vec<_> = also.map(|name| name_host(name.as_str())).collect();
        hosts.push(own_host(script.client.image.as_str(), images));
        add(Purpose::Client, hosts);
    }
    found
}

/// The host that is asked for an image by its own name: its registry, or the one that replaced its registry.
fn own_host(name: &str, images: &Images) -> String {
    let is_below = |old: &str| {
        name.strip_prefix(old)
            .is_some_and(|rest| rest.starts_with('/'))
    };
    let replacement = images
        .moved_registries
        .iter()
        .find(|(old, _)| is_below(old.as_str()));
    replacement.map_or_else(|| name_host(name), |(_, prefix)| prefix_host(prefix))
}

/// The host of a prefix such as `registry.example.com/hub`.
fn prefix_host(prefix: &RegistryPrefix) -> String {
    prefix
        .as_str()
        .split('/')
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// The host in an image's name, by the rule with which the engine distinguishes a registry from a repository.
fn name_host(name: &str) -> String {
    match name.split_once('/') {
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => first.to_owned(),
        _ => HUB.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::Library;

    #[test]
    fn names_of_images_tell_their_registry() {
        for (name, host) in [
            ("golang:1.12", "docker.io"),
            ("team/tool", "docker.io"),
            ("quay.io/a/b", "quay.io"),
            ("127.0.0.1:5000/a", "127.0.0.1:5000"),
            ("localhost/a", "localhost"),
            ("[::1]:5000/a", "[::1]:5000"),
        ] {
            assert_eq!(name_host(name), host);
        }
    }

    /// What a shipped recipe needs a place for, and whether a default build needs it.
    fn needed(recipe: &str, place: &str) -> Vec<(Purpose, bool)> {
        let loaded = Library::new(Vec::new()).load(recipe).unwrap();
        let mirror = "http://debian.example/debian".parse().unwrap();
        let places = places([&loaded.recipe], &[], Some(&mirror));
        let found = places.iter().find(|found| found.name == place).unwrap();
        let needs = found.needs.iter();
        needs.map(|need| (need.purpose, need.is_default)).collect()
    }

    #[test]
    fn what_a_place_may_have_is_told_by_the_way_to_the_image() {
        let image = |way, is_default| (Purpose::Image(way), is_default);
        let (client, archive) = (
            (Purpose::Client, false),
            "http://debian.example/debian (bullseye)",
        );
        let registry = image(ImageWay::Registry, true);
        assert_eq!(needed("kubelet", "registry.k8s.io"), [registry]);
        assert_eq!(needed("kubelet", "docker.io"), [registry, client]);
        assert_eq!(needed("kubelet", "mirror.gcr.io"), [client]);
        let debian = |is_default| [image(ImageWay::Debian, is_default)];
        assert_eq!(needed("kubelet", archive), debian(false));
        assert_eq!(needed("runc-debian", archive), debian(true));
        let (upstream, lean) = (
            image(ImageWay::Upstream, true),
            image(ImageWay::Lean, false),
        );
        assert_eq!(needed("runc", "docker.io"), [upstream, lean]);
        let registry = image(ImageWay::Registry, false);
        assert_eq!(needed("runc", "mirror.gcr.io"), [registry, upstream, lean]);
    }
}
