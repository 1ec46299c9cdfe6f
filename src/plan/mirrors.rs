//! Where an image is looked for.

use std::collections::BTreeMap;

use super::types::{BaseImage, Plan, PlannedImage};
use crate::recipe::ImageName;

/// Where an image may be, beside its own name.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    /// Prefixes that come before everything else.
    pub first: &'a [String],
    /// Registries that took the place of others, by the beginning of the names that those served.
    pub heirs: &'a BTreeMap<String, String>,
    /// Whole repositories of this very image.
    pub also: &'a [ImageName],
    /// Prefixes that come last.
    pub last: &'a [String],
}

/// References under which `name` may be found, in the order in which they are tried: under each prefix of
/// `first`, then under its own name (or at the heir of a registry that is gone), then in the repositories of `also`,
/// then under each prefix of `last`.
///
/// Below a prefix the whole repository path is tried, then its last part alone: mirrors of one registry keep the
/// path (`library/golang`), mirrors that people fill by hand often do not (`golang`).
pub fn candidates(name: &str, places: &Places<'_>) -> Vec<String> {
    let path = repository_path(name);
    let short = path.rsplit('/').next().unwrap_or(&path);
    let inherited = inherited(name, places.heirs);
    // A mirror of the heir has the image where the heir has it.
    let there = inherited.map_or(path.as_str(), |(_, rest)| rest);
    let below = |prefix: &String| {
        let prefix = prefix.trim_end_matches('/');
        [path.as_str(), there, short].map(|repository| format!("{prefix}/{repository}"))
    };
    let own = match inherited {
        Some((heir, rest)) => vec![format!("{heir}/{rest}"), format!("{heir}/{short}")],
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
    /// The plan with images looked for under these prefixes first; what is built does not change.
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
            PlannedImage::Debian { .. } | PlannedImage::Archive { .. } => &mut [],
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
        heirs: &BTreeMap::new(),
        also: &[],
        last: &[],
    };
    let mut references = candidates(&base.name, &nowhere_else);
    // Its own name has the place that the plan gives it, if it has one.
    references.retain(|reference| *reference != base.name);
    for reference in &base.candidates {
        if !references.contains(reference) {
            references.push(reference.clone());
        }
    }
    base.candidates = references;
}

/// The heir of the registry that `name` names, and what follows the registry in the name. Of several that fit the
/// longest counts.
fn inherited<'a>(name: &'a str, heirs: &'a BTreeMap<String, String>) -> Option<(&'a str, &'a str)> {
    heirs
        .iter()
        .filter_map(|(gone, heir)| {
            let rest = name.strip_prefix(gone.as_str())?.strip_prefix('/')?;
            Some((heir.as_str(), rest))
        })
        .min_by_key(|(_, rest)| rest.len())
}

/// `name` without its registry; Docker Hub's official images get their `library/` back.
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
        // The rule by which the engine itself tells a registry from a repository.
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => {
            rest.to_owned()
        }
        Some(_) => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Places, candidates, look_first_under};
    use crate::plan::BaseImage;

    fn places<'a>(
        first: &'a [String],
        heirs: &'a BTreeMap<String, String>,
        last: &'a [String],
    ) -> Places<'a> {
        Places {
            first,
            heirs,
            also: &[],
            last,
        }
    }

    fn list(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn an_official_image_is_looked_for_with_and_without_library() {
        assert_eq!(
            candidates(
                "golang:1.12-stretch",
                &places(
                    &list(&["127.0.0.1:5000/hub/"]),
                    &BTreeMap::new(),
                    &list(&["mirror.example"])
                )
            ),
            [
                "127.0.0.1:5000/hub/library/golang:1.12-stretch",
                "127.0.0.1:5000/hub/golang:1.12-stretch",
                "golang:1.12-stretch",
                "mirror.example/library/golang:1.12-stretch",
                "mirror.example/golang:1.12-stretch",
            ]
        );
    }

    #[test]
    fn the_registry_of_a_name_is_replaced() {
        assert_eq!(
            candidates(
                "k8s.gcr.io/build-image/kube-cross:v1",
                &places(&list(&["m.example/g"]), &BTreeMap::new(), &[])
            ),
            [
                "m.example/g/build-image/kube-cross:v1",
                "m.example/g/kube-cross:v1",
                "k8s.gcr.io/build-image/kube-cross:v1"
            ]
        );
        assert_eq!(
            candidates(
                "team/tool:1",
                &places(&list(&["m.example"]), &BTreeMap::new(), &[])
            )[0],
            "m.example/team/tool:1"
        );
        assert_eq!(
            candidates("runc_dev:rc10", &places(&[], &BTreeMap::new(), &[])),
            ["runc_dev:rc10"]
        );
    }

    #[test]
    fn further_mirrors_come_before_what_was_planned() {
        let mut base = BaseImage {
            name: "k8s.gcr.io/kube-cross:v1".to_owned(),
            candidates: list(&["new.example/kube-cross:v1", "m.example/kube-cross:v1"]),
        };
        look_first_under(&list(&["m.example"]), &mut base);
        assert_eq!(
            base.candidates,
            ["m.example/kube-cross:v1", "new.example/kube-cross:v1"]
        );
    }

    #[test]
    fn a_registry_that_is_gone_is_asked_for_at_its_heir() {
        let heirs = BTreeMap::from(
            [
                ("us.gcr.io/k8s-artifacts-prod", "new.example"),
                ("k8s.gcr.io", "new.example"),
            ]
            .map(|(gone, heir)| (gone.to_owned(), heir.to_owned())),
        );
        let also = ["other.example/k8s/kube-cross".parse().unwrap()];
        let places = Places {
            also: &also,
            ..places(&[], &heirs, &[])
        };
        assert_eq!(
            candidates(
                "us.gcr.io/k8s-artifacts-prod/build-image/kube-cross:v1",
                &places
            ),
            [
                "new.example/build-image/kube-cross:v1",
                "new.example/kube-cross:v1",
                "other.example/k8s/kube-cross:v1",
            ]
        );
        let mirror = list(&["m.example"]);
        let mirrored = Places {
            first: &mirror,
            ..places
        };
        assert_eq!(
            candidates(
                "us.gcr.io/k8s-artifacts-prod/build-image/kube-cross:v1",
                &mirrored
            )[..3],
            [
                "m.example/k8s-artifacts-prod/build-image/kube-cross:v1",
                "m.example/build-image/kube-cross:v1",
                "m.example/kube-cross:v1",
            ]
        );
        assert_eq!(
            candidates("k8s.gcr.io/kube-cross:v1", &places),
            [
                "new.example/kube-cross:v1",
                "other.example/k8s/kube-cross:v1"
            ]
        );
        // Only whole parts of a name are a registry's.
        assert_eq!(
            candidates("k8s.gcr.io.example/kube-cross:v1", &places)[0],
            "k8s.gcr.io.example/kube-cross:v1"
        );
    }
}
