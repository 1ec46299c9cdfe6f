//! The bill of materials of a result.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::component::{Component, ComponentKind};
use super::cyclonedx::{
    Bom, BomComponent, BomDependency, BomHash, BomMetadata, BomProperty, BomTools, SPEC_VERSION,
};
use crate::artifacts::{Manifest, ManifestSource};
use crate::checksum::hex;
use crate::plan::canonical_json;

/// The contents of the files in `manifest`. `found` has, for each file in their order, the result of
/// [`found_in`](super::found_in()) for `components`.
pub fn sbom(manifest: &Manifest, components: &[Component], found: &[Vec<Option<bool>>]) -> Bom {
    let references = references(components);
    let files: Vec<BomComponent> = manifest
        .files
        .iter()
        .map(|file| BomComponent {
            bom_ref: Some(format!("file:{}", file.name)),
            version: Some(manifest.version.clone()),
            hashes: vec![BomHash {
                alg: "SHA-256".to_owned(),
                content: file.sha256.clone(),
            }],
            ..plain("file", &file.name)
        })
        .collect();
    let mut dependencies = vec![BomDependency {
        reference: "result".to_owned(),
        depends_on: files
            .iter()
            .filter_map(|file| file.bom_ref.clone())
            .collect(),
    }];
    for (file, of_file) in files.iter().zip(found) {
        let compiled_in = references.iter().zip(of_file);
        dependencies.push(BomDependency {
            reference: file.bom_ref.clone().unwrap_or_default(),
            depends_on: compiled_in
                .filter(|(_, found)| **found == Some(true))
                .map(|(reference, _)| reference.clone())
                .collect(),
        });
    }
    let libraries = components
        .iter()
        .enumerate()
        .map(|(index, component)| BomComponent {
            bom_ref: Some(references[index].clone()),
            version: Some(component.version.clone()).filter(|version| !version.is_empty()),
            purl: component.purl(),
            properties: properties(
                manifest,
                component,
                found.iter().map(|of_file| of_file[index]),
            ),
            ..plain("library", &component.name)
        });
    let mut bom = Bom {
        bom_format: "CycloneDX".to_owned(),
        spec_version: SPEC_VERSION.to_owned(),
        serial_number: None,
        version: 1,
        metadata: BomMetadata {
            tools: BomTools {
                components: vec![tool(&manifest.tool)],
            },
            component: result(manifest),
        },
        components: files.iter().cloned().chain(libraries).collect(),
        dependencies,
    };
    bom.serial_number = Some(serial_number(&canonical_json(&bom)));
    bom
}

fn plain(kind: &str, name: &str) -> BomComponent {
    BomComponent {
        kind: kind.to_owned(),
        bom_ref: None,
        name: name.to_owned(),
        version: None,
        hashes: Vec::new(),
        purl: None,
        properties: Vec::new(),
    }
}

fn property(name: impl Into<String>, value: &str) -> BomProperty {
    BomProperty {
        name: format!("kmembuild:{}", name.into()),
        value: value.to_owned(),
    }
}

fn tool(name_and_version: &str) -> BomComponent {
    let (name, version) = name_and_version
        .rsplit_once(' ')
        .unwrap_or((name_and_version, ""));
    BomComponent {
        version: Some(version.to_owned()).filter(|version| !version.is_empty()),
        ..plain("application", name)
    }
}

fn result(manifest: &Manifest) -> BomComponent {
    let mut properties = vec![
        property("platform", &manifest.platform),
        property("recipe-sha256", &manifest.recipe.sha256),
        property("plan-sha256", &manifest.plan_sha256),
    ];
    match &manifest.source {
        ManifestSource::Git {
            commit, patches, ..
        } => {
            properties.push(property("commit", commit));
            let patches = patches.iter();
            properties.extend(patches.map(|patch| property("patch", &patch.file)));
        }
        ManifestSource::Directory {
            package,
            package_version,
            ..
        } => {
            let version = package_version.as_deref().unwrap_or("unknown");
            properties.push(property("source-package", &format!("{package} {version}")));
        }
    }
    BomComponent {
        bom_ref: Some("result".to_owned()),
        version: Some(manifest.version.clone()),
        properties,
        ..plain("application", &manifest.recipe.name)
    }
}

/// Facts about a component in addition to its version: its source, and for each file whether it contains it.
fn properties(
    manifest: &Manifest,
    component: &Component,
    found: impl Iterator<Item = Option<bool>>,
) -> Vec<BomProperty> {
    let source = component.source.as_deref();
    let mut properties: Vec<_> = source
        .map(|source| property("source", source))
        .into_iter()
        .collect();
    for (file, found) in manifest.files.iter().zip(found) {
        let value = match found {
            Some(true) => "yes",
            Some(false) => "no",
            None => "unknown",
        };
        properties.push(property(format!("compiled-into:{}", file.name), value));
    }
    properties
}

/// A unique name within the bill for each component. Lists may contain the same component twice.
fn references(components: &[Component]) -> Vec<String> {
    let name = |component: &Component| {
        let kind = match component.kind {
            ComponentKind::GoModule => "go",
            ComponentKind::DebianPackage { .. } => "deb",
        };
        component
            .purl()
            .unwrap_or_else(|| format!("{kind}:{}@{}", component.name, component.version))
    };
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut unlike_earlier = |name: String| {
        let count = seen.entry(name.clone()).or_default();
        *count += 1;
        match count {
            1 => name,
            _ => format!("{name}#{count}"),
        }
    };
    components
        .iter()
        .map(|component| unlike_earlier(name(component)))
        .collect()
}

/// A UUID of version 8 (custom) derived from the content.
fn serial_number(content: &str) -> String {
    let mut bytes = Sha256::digest(content.as_bytes());
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits = hex(&bytes[..16]);
    format!(
        "urn:uuid:{}-{}-{}-{}-{}",
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..]
    )
}
