//! Makes the provenance statement from a manifest and a plan.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::component::{Component, ComponentKind};
use super::slsa::{
    BuildDefinition, Builder, DigestSet, Metadata, PREDICATE_TYPE, Predicate, ResourceDescriptor,
    RunDetails, STATEMENT_TYPE, Statement,
};
use crate::artifacts::{Manifest, ManifestPatch, ManifestSource};
use crate::plan::{Plan, PlannedImage};

/// How to interpret the parameters.
const BUILD_TYPE: &str = "urn:kmembuild:build:1";
/// The tool, on any engine.
const BUILDER: &str = "urn:kmembuild:builder:1";

/// A subject of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// File name.
    pub name: String,
    /// Sha256 in hexadecimal digits.
    pub sha256: String,
}

/// The statement about the binaries of `manifest` and `further` files.
pub fn statement(manifest: &Manifest, plan: &Plan, further: &[Subject]) -> Statement {
    let binaries = manifest.files.iter().map(|file| (&file.name, &file.sha256));
    let further = further.iter().map(|file| (&file.name, &file.sha256));
    Statement {
        statement_type: STATEMENT_TYPE.to_owned(),
        subject: binaries
            .chain(further)
            .map(|(name, sha256)| ResourceDescriptor {
                name: name.clone(),
                digest: digest("sha256", sha256),
                ..ResourceDescriptor::default()
            })
            .collect(),
        predicate_type: PREDICATE_TYPE.to_owned(),
        predicate: provenance(manifest, plan),
    }
}

/// The origin of the files in `manifest`.
pub fn provenance(manifest: &Manifest, plan: &Plan) -> Predicate {
    let (tool, version) = manifest
        .tool
        .rsplit_once(' ')
        .unwrap_or((&manifest.tool, ""));
    let versions = [(tool, version), ("engine", manifest.engine.as_str())];
    Predicate {
        build_definition: BuildDefinition {
            build_type: BUILD_TYPE.to_owned(),
            external_parameters: external_parameters(manifest),
            internal_parameters: internal_parameters(manifest, plan),
            resolved_dependencies: dependencies(manifest, plan),
        },
        run_details: RunDetails {
            builder: Builder {
                id: BUILDER.to_owned(),
                version: versions
                    .map(|(name, version)| (name.to_owned(), version.to_owned()))
                    .into(),
            },
            metadata: Some(Metadata {
                started_on: manifest.started_at.clone(),
                finished_on: manifest.built_at.clone(),
            }),
        },
    }
}

fn external_parameters(manifest: &Manifest) -> BTreeMap<String, Value> {
    named([
        ("recipe", json!(manifest.recipe.name)),
        ("version", json!(manifest.version)),
        ("platform", json!(manifest.platform)),
        ("targets", json!(manifest.targets)),
        ("via", json!(manifest.via)),
    ])
}

fn internal_parameters(manifest: &Manifest, plan: &Plan) -> BTreeMap<String, Value> {
    // The duration of a step is not a parameter.
    let commands: Vec<_> = manifest
        .commands
        .iter()
        .map(|step| {
            json!({"name": step.name, "command": step.command, "environment": step.environment})
        })
        .collect();
    let mut parameters = named([
        ("plan-sha256", json!(manifest.plan_sha256)),
        ("class", json!(manifest.class)),
        ("commands", json!(commands)),
        ("workdir", json!(plan.build.workdir)),
        ("network", json!(plan.build.network)),
        ("limits", json!(plan.build.limits)),
        ("toolchain", json!(manifest.toolchain)),
    ]);
    if !manifest.not_enforced.is_empty() {
        let not_enforced = json!(manifest.not_enforced);
        parameters.insert("not-enforced".to_owned(), not_enforced);
    }
    parameters
}

fn dependencies(manifest: &Manifest, plan: &Plan) -> Vec<ResourceDescriptor> {
    let mut found = vec![source(&manifest.source)];
    if let ManifestSource::Git { patches, .. } = &manifest.source {
        found.extend(patches.iter().map(|one| patch(one, "source")));
    }
    found.push(ResourceDescriptor {
        name: format!("recipes/{}.yaml", manifest.recipe.name),
        digest: digest("sha256", &manifest.recipe.sha256),
        annotations: named([("origin", json!(manifest.recipe_origin))]),
        ..ResourceDescriptor::default()
    });
    let image = &manifest.image;
    let kind = match plan.image {
        // Of what somebody else said; of an unknown one there is no digest.
        PlannedImage::Container { .. } => "container",
        _ => "image-config",
    };
    found.push(ResourceDescriptor {
        name: image.name.clone(),
        digest: image
            .id
            .split_once(':')
            .map(|(algorithm, value)| digest(algorithm, value))
            .unwrap_or_default(),
        annotations: named([
            ("kind", json!(kind)),
            ("layers", json!(image.content.layers)),
            ("repo-digests", json!(image.repo_digests)),
        ]),
        ..ResourceDescriptor::default()
    });
    for (name, reference) in &image.pulled {
        found.push(ResourceDescriptor {
            name: name.clone(),
            uri: Some(format!("oci://{}", reference.as_ref().unwrap_or(name))),
            annotations: named([("pulled", json!(reference.is_some()))]),
            ..ResourceDescriptor::default()
        });
    }
    found.extend(image.patches.iter().map(|one| patch(one, "image-context")));
    found
}

fn source(source: &ManifestSource) -> ResourceDescriptor {
    match source {
        ManifestSource::Git {
            tag,
            commit,
            tree,
            url,
            unpinned,
            ..
        } => {
            let mut digests = digest("gitCommit", commit);
            digests.insert("gitTree".to_owned(), tree.clone());
            let at = tag
                .as_ref()
                .map_or_else(|| commit.clone(), |tag| format!("refs/tags/{tag}"));
            ResourceDescriptor {
                name: "source".to_owned(),
                uri: Some(format!("git+{}@{at}", as_url(url))),
                digest: digests,
                annotations: if *unpinned {
                    named([("unpinned", json!(true))])
                } else {
                    BTreeMap::new()
                },
            }
        }
        ManifestSource::Directory {
            path,
            package,
            package_version,
        } => ResourceDescriptor {
            name: "source".to_owned(),
            uri: package_url(package, package_version.as_deref()),
            annotations: named([("directory", json!(path))]),
            ..ResourceDescriptor::default()
        },
    }
}

fn package_url(name: &str, version: Option<&str>) -> Option<String> {
    let package = Component {
        name: name.to_owned(),
        version: version.unwrap_or_default().to_owned(),
        source: None,
        kind: ComponentKind::DebianPackage { architecture: None },
    };
    package.purl()
}

/// Git also accepts paths and `user@host:path`, which are not URLs.
fn as_url(location: &str) -> String {
    if location.contains("://") {
        location.to_owned()
    } else if let Some((host, path)) = location
        .split_once(':')
        .filter(|(host, _)| !host.contains('/'))
    {
        format!("ssh://{host}/{}", path.trim_start_matches('/'))
    } else {
        format!("file://{location}")
    }
}

fn patch(patch: &ManifestPatch, applied_to: &str) -> ResourceDescriptor {
    ResourceDescriptor {
        name: format!("patches/{}", patch.file),
        digest: digest("sha256", &patch.sha256),
        annotations: named([
            ("applied-to", json!(applied_to)),
            ("summary", json!(patch.summary)),
        ]),
        ..ResourceDescriptor::default()
    }
}

fn digest(algorithm: &str, value: &str) -> DigestSet {
    [(algorithm.to_owned(), value.to_owned())].into()
}

fn named<const COUNT: usize>(values: [(&str, Value); COUNT]) -> BTreeMap<String, Value> {
    values.map(|(name, value)| (name.to_owned(), value)).into()
}

#[cfg(test)]
mod tests {
    use super::{as_url, source};
    use crate::artifacts::ManifestSource;

    #[test]
    fn every_place_of_a_source_is_a_url() {
        for (location, url) in [
            ("https://example.org/a.git", "https://example.org/a.git"),
            ("me@example.org:a/b.git", "ssh://me@example.org/a/b.git"),
            ("/srv/git/a.git", "file:///srv/git/a.git"),
            ("/srv/a:b", "file:///srv/a:b"),
        ] {
            assert_eq!(as_url(location), url);
        }
    }

    #[test]
    fn a_package_is_named_by_its_url() {
        let said = source(&ManifestSource::Directory {
            path: "/usr/share/gocode".to_owned(),
            package: "golang-x-dev".to_owned(),
            package_version: Some("1.0~rc93+ds1-5+deb11u5".to_owned()),
        });
        let uri = "pkg:deb/debian/golang-x-dev@1.0~rc93%2Bds1-5%2Bdeb11u5";
        assert_eq!(said.uri.as_deref(), Some(uri));
    }
}
