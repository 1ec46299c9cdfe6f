//! Which mirrors and sources the recipes look for things at.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use reqwest::Url;

use crate::recipe::{Images, Recipe, Source};
use crate::source::{local_folder, shown};

/// The registry of names that have none, and the host that serves it.
const HUB: (&str, &str) = ("docker.io", "registry-1.docker.io");
/// Ports of what is not asked over http.
const SSH: u16 = 22;
const GIT: u16 = 9418;

/// Somewhere that something is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its name for a person, without a password.
    pub name: String,
    /// What it is.
    pub kind: PlaceKind,
    /// What is asked, to see whether it answers.
    pub target: Target,
    /// What would be looked for there.
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

/// What a recipe needs of somewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// The recipe.
    pub recipe: String,
    /// What for.
    pub purpose: Purpose,
}

/// What a place is needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// The source.
    Source,
    /// The toolchain image.
    Image,
    /// The toolchain image, for some versions only.
    ImageOfSome,
}

/// What is asked of a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An answer to this request.
    Http(Url),
    /// A connection.
    Connection {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// That this folder of this host is a repository.
    Folder(PathBuf),
    /// Nothing can be asked, for this reason.
    Unusable(String),
}

/// The places of `recipes`, each once, with the user's `mirrors` of registries and of Debian's archive. Places of the same
/// kind are together.
pub fn places<'a>(
    recipes: impl IntoIterator<Item = &'a Recipe>,
    mirrors: &[String],
    debian_mirror: Option<&str>,
) -> Vec<Place> {
    let mut found = Found::default();
    for recipe in recipes {
        let need = |purpose| Need {
            recipe: recipe.name.to_string(),
            purpose,
        };
        if let Source::Git(git) = &recipe.source {
            for url in &git.urls {
                let target = repository(url);
                found.add(PlaceKind::Source, shown(url), target, need(Purpose::Source));
            }
        }
        for host in registries(&recipe.images, recipe, mirrors) {
            let target = registry(&host);
            found.add(PlaceKind::Registry, host, target, need(Purpose::Image));
        }
        // Which mirror mmdebstrap takes when it is told none, it alone knows.
        if let (Some(debian), Some(mirror)) = (&recipe.images.debian, debian_mirror) {
            let mirror = mirror.trim_end_matches('/');
            let name = format!("{} ({})", shown(mirror), debian.suite);
            let list = format!("{mirror}/dists/{}/InRelease", debian.suite);
            let purpose = match &debian.versions {
                None => Purpose::Image,
                Some(_) => Purpose::ImageOfSome,
            };
            found.add(PlaceKind::Debian, name, http(&list), need(purpose));
        }
    }
    found.places.into_values().collect()
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

fn http(url: &str) -> Target {
    match Url::parse(url) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Target::Http(url),
        Ok(url) => Target::Unusable(format!("{:?} is not asked over http", url.scheme())),
        Err(error) => Target::Unusable(format!("it is not a URL: {error}")),
    }
}

/// What git asks first of a repository.
fn repository(url: &str) -> Target {
    if let Some(folder) = local_folder(url) {
        return Target::Folder(folder);
    }
    let Some((scheme, _)) = url.split_once("://") else {
        // user@host:path, as ssh has it
        let host = url.split(':').next().unwrap_or_default();
        let host = host.rsplit('@').next().unwrap_or_default().to_owned();
        return Target::Connection { host, port: SSH };
    };
    let port = match scheme {
        "ssh" | "git+ssh" | "ssh+git" => SSH,
        "git" => GIT,
        _ => {
            let question = |url: Url| {
                let url = url.as_str().trim_end_matches('/');
                http(&format!("{url}/info/refs?service=git-upload-pack"))
            };
            return match http(url) {
                Target::Http(url) => question(url),
                other => other,
            };
        }
    };
    match Url::parse(url) {
        Ok(url) => Target::Connection {
            host: url.host_str().unwrap_or_default().to_owned(),
            port: url.port().unwrap_or(port),
        },
        Err(error) => Target::Unusable(format!("it is not a URL: {error}")),
    }
}

/// Hosts of the registries at which images of the recipe may be looked for. What a tree or a version adds to the names is
/// not known before a build.
fn registries(images: &Images, recipe: &Recipe, mirrors: &[String]) -> BTreeSet<String> {
    let mut hosts = BTreeSet::new();
    if images.registry.is_none() && images.upstream.is_none() && images.lean.is_none() {
        return hosts;
    }
    hosts.extend(mirrors.iter().map(|prefix| prefix_host(prefix)));
    hosts.extend(images.mirrors.iter().map(|prefix| prefix_host(prefix)));
    hosts.extend(images.heirs.values().map(|prefix| prefix_host(prefix)));
    let also = images.registry.iter().flat_map(|image| &image.also);
    let base = images.lean.iter().filter_map(|image| image.base.as_ref());
    hosts.extend(also.chain(base).map(|name| name_host(name.as_str())));
    // Upstream's Dockerfiles start from images that have no registry in their names.
    if images.upstream.is_some() || images.lean.iter().any(|image| image.base.is_none()) {
        hosts.insert(HUB.0.to_owned());
    }
    if let Some(script) = &recipe.build.run_sh {
        hosts.insert(name_host(script.client.image.as_str()));
        let also = script.client.also.iter();
        hosts.extend(also.map(|name| name_host(name.as_str())));
    }
    hosts
}

/// The host of a prefix such as `registry.example.com/hub`.
fn prefix_host(prefix: &str) -> String {
    prefix.split('/').next().unwrap_or_default().to_owned()
}

/// The host of an image's name, by the rule by which the engine tells a registry from a repository.
fn name_host(name: &str) -> String {
    match name.split_once('/') {
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => first.to_owned(),
        _ => HUB.0.to_owned(),
    }
}

/// What every registry answers, if only that it wants to know who asks.
fn registry(host: &str) -> Target {
    let host = if host == HUB.0 { HUB.1 } else { host };
    let name = host.split(':').next().unwrap_or_default();
    // The engine speaks plain http to registries of its own host.
    let scheme = if name == "localhost" || name.starts_with("127.") {
        "http"
    } else {
        "https"
    };
    http(&format!("{scheme}://{host}/v2/"))
}

#[cfg(test)]
mod tests {
    use super::{Target, name_host, registry, repository};

    fn asked(target: &Target) -> String {
        match target {
            Target::Http(url) => url.to_string(),
            Target::Connection { host, port } => format!("{host} {port}"),
            Target::Folder(folder) => folder.display().to_string(),
            Target::Unusable(reason) => format!("unusable: {reason}"),
        }
    }

    #[test]
    fn repositories_are_asked_as_git_asks_them() {
        for (url, expected) in [
            (
                "https://example.org/a.git/",
                "https://example.org/a.git/info/refs?service=git-upload-pack",
            ),
            ("ssh://git@example.org:2222/a", "example.org 2222"),
            ("ssh://git@example.org/a", "example.org 22"),
            ("git://example.org/a", "example.org 9418"),
            ("git@example.org:a/b.git", "example.org 22"),
            ("/srv/a.git", "/srv/a.git"),
            ("file:///srv/a%20b", "/srv/a b"),
        ] {
            assert_eq!(asked(&repository(url)), expected, "{url}");
        }
        assert!(asked(&repository("ftp://example.org/a")).starts_with("unusable: \"ftp\""));
        assert!(asked(&repository("https://")).starts_with("unusable: it is not a URL"));
    }

    #[test]
    fn registries_are_asked_for_their_interface() {
        for (name, host, url) in [
            (
                "golang:1.12",
                "docker.io",
                "https://registry-1.docker.io/v2/",
            ),
            ("team/tool", "docker.io", "https://registry-1.docker.io/v2/"),
            ("quay.io/a/b", "quay.io", "https://quay.io/v2/"),
            (
                "127.0.0.1:5000/a",
                "127.0.0.1:5000",
                "http://127.0.0.1:5000/v2/",
            ),
            ("localhost/a", "localhost", "http://localhost/v2/"),
        ] {
            assert_eq!(name_host(name), host);
            assert_eq!(asked(&registry(host)), url);
        }
    }
}
