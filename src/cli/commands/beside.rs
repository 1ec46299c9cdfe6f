//! What is published beside the binaries: the bill of materials, packages, and the statement of where all of it comes from.

use std::fs;
use std::path::Path;

use super::explain;
use super::prepare::Prepared;
use crate::artifacts::{Manifest, PLAN, SBOM, TOOL};
use crate::attestation::{
    Component, SigningKey, Subject, VendoredError, bill_of_materials, debian_components,
    godeps_json, modules_txt, say, vendor_conf,
};
use crate::checksum::sha256_of;
use crate::events::{Event, Sink};
use crate::failure::{Failure, FailureKind};
use crate::packaging::{PackageFormat, PackageSettings, package};
use crate::plan::{Plan, PlannedSource};

/// What a release wants beside the binaries, further than every build.
#[derive(Default)]
pub(super) struct Beside<'a> {
    /// Packages to make.
    pub(super) packages: &'a [PackageFormat],
    /// Key to sign the statement with.
    pub(super) key: Option<&'a SigningKey>,
}

/// Reads a list of vendored components.
type ReadList = fn(&str) -> Result<Vec<Component>, VendoredError>;

/// The lists that Go projects keep of what they vendor, the newest form first; a tree has one of them, or a newer one
/// beside what is left of an older one.
const LISTS: [(&str, ReadList); 3] = [
    ("vendor/modules.txt", modules_txt),
    ("vendor.conf", vendor_conf),
    ("Godeps/Godeps.json", godeps_json),
];

/// The text of the bill of materials of the binaries in `folder`.
pub(super) fn materials(
    prepared: &Prepared,
    manifest: &Manifest,
    folder: &Path,
    sink: &dyn Sink,
) -> Result<String, Failure> {
    let mut components = vendored(prepared, sink)?;
    components.extend(debian_components(&manifest.image.packages));
    bill_of_materials(manifest, &components, folder)
        .map_err(|error| Failure::new(FailureKind::Integrity, error))
}

fn vendored(prepared: &Prepared, sink: &dyn Sink) -> Result<Vec<Component>, Failure> {
    let (Some(store), PlannedSource::Git { tree, .. }) = (&prepared.store, &prepared.plan.source)
    else {
        return Ok(Vec::new());
    };
    let tree = store.tree(tree).map_err(explain::source)?;
    for (path, read) in LISTS {
        let Some(text) = tree.read(path).map_err(explain::source)? else {
            continue;
        };
        match read(&String::from_utf8_lossy(&text)) {
            Ok(components) => return Ok(components),
            // What is built and proven is not less so.
            Err(error) => sink.event(&Event::Warning {
                text: format!(
                    "the bill of materials lacks what is vendored, as its list cannot be read: {error}"
                ),
            }),
        }
    }
    Ok(Vec::new())
}

/// Whether the recipe says what a package is like.
pub(super) fn refuse_unknown_package(
    prepared: &Prepared,
    packages: &[PackageFormat],
) -> Result<(), Failure> {
    if packages.is_empty() || prepared.loaded.recipe.package.is_some() {
        return Ok(());
    }
    let text = format!(
        "the recipe {} does not say what a package of it is like",
        prepared.loaded.recipe.name
    );
    Err(Failure::new(FailureKind::Recipe, text)
        .hint("write `packages: []` for these targets, or give the recipe a `package:` section"))
}

/// Makes the packages and the statement of the result in `folder`, whose manifest, plan and bill of materials are in it.
/// Returns the statement's file name and text.
pub(super) fn complete(
    prepared: &Prepared,
    manifest: &Manifest,
    folder: &Path,
    beside: &Beside<'_>,
) -> Result<(&'static str, String), Failure> {
    let unreadable = |name: &str, error: std::io::Error| {
        let text = format!("{} cannot be read: {error}", folder.join(name).display());
        Failure::new(FailureKind::Output, text)
    };
    let read =
        |name: &str| fs::read_to_string(folder.join(name)).map_err(|error| unreadable(name, error));
    // The one that was carried out, which may differ from the one of this run in what does not matter to the bytes.
    let plan: Plan = serde_json::from_str(&read(PLAN)?)
        .map_err(|error| Failure::new(FailureKind::Internal, error))?;
    let mut packages = Vec::new();
    if let Some(of_recipe) = &prepared.loaded.recipe.package {
        let settings = PackageSettings::new(of_recipe, &plan.source);
        for &format in beside.packages {
            let made = package(format, &settings, manifest, folder, folder);
            let path = made.map_err(explain::packaging)?;
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let file = fs::File::open(&path).and_then(sha256_of);
            let (_, sha256) = file.map_err(|error| unreadable(&name, error))?;
            packages.push(Subject {
                name: name.into_owned(),
                sha256,
            });
        }
    }
    let said = say(manifest, &plan, &read(SBOM)?, &packages, beside.key);
    Ok((said.name, said.text))
}

/// Tells one set of files beside the binaries from another.
pub(super) fn identity(beside: &Beside<'_>) -> String {
    let packages: Vec<_> = beside
        .packages
        .iter()
        .map(|format| format.as_str())
        .collect();
    let key = beside.key.map(|key| key.public().id());
    format!(
        "{} packages {} key {}",
        TOOL,
        packages.join(","),
        key.unwrap_or_default()
    )
}
