//! What is published beside the binaries: the bill of materials, packages, and the statement of where all of it comes from.

use std::fs;
use std::path::Path;

use super::error::BuildError;
use super::order::Destination;
use super::prepared::Prepared;
use crate::artifacts::{
    BUILD_LOG, ENVELOPE, MANIFEST, Manifest, PLAN, PROVENANCE, SBOM, SHA256SUMS, TOOL,
};
use crate::attestation::{
    Component, Subject, VendoredError, bill_of_materials, debian_components, godeps_json,
    modules_txt, say, vendor_conf,
};
use crate::checksum::sha256_of;
use crate::delivery::packaging::{PackageFormat, PackageSettings, package, package_file_name};
use crate::events::{Sink, Warning};
use crate::plan::{Plan, PlannedSource};

/// Reads a list of vendored components.
type ReadList = fn(&str) -> Result<Vec<Component>, VendoredError>;

/// The lists that Go projects keep of what they vendor, the newest form first; a tree has one of them, or a newer one
/// beside what is left of an older one.
const LISTS: [(&str, ReadList); 3] = [
    ("vendor/modules.txt", modules_txt),
    ("vendor.conf", vendor_conf),
    ("Godeps/Godeps.json", godeps_json),
];

/// Version of what the statement names: a result with another one is published again. 2: the log as well.
const STATEMENT: u32 = 2;

/// The text of the bill of materials of the binaries in `directory`.
pub(super) fn materials(
    prepared: &Prepared,
    manifest: &Manifest,
    directory: &Path,
    sink: &dyn Sink,
) -> Result<String, BuildError> {
    let mut components = vendored(prepared, sink)?;
    components.extend(debian_components(&manifest.image.packages));
    Ok(bill_of_materials(manifest, &components, directory)?)
}

fn vendored(prepared: &Prepared, sink: &dyn Sink) -> Result<Vec<Component>, BuildError> {
    let (Some(fetched), PlannedSource::Git { tree, .. }) = (&prepared.git, &prepared.plan.source)
    else {
        return Ok(Vec::new());
    };
    let tree = fetched.store.tree(tree)?;
    for (path, read) in LISTS {
        let Some(text) = tree.read(path)? else {
            continue;
        };
        match read(&String::from_utf8_lossy(&text)) {
            Ok(components) => return Ok(components),
            // What is built and proven is not less so.
            Err(error) => {
                let warning = Warning::VendoredUnknown(error.to_string());
                sink.event(&warning.into());
            }
        }
    }
    Ok(Vec::new())
}

/// Refuses packages of a recipe that does not describe one.
///
/// # Errors
/// [`BuildError::NoPackage`].
pub fn refuse_unknown_package(
    prepared: &Prepared,
    packages: &[PackageFormat],
) -> Result<(), BuildError> {
    if packages.is_empty() || prepared.loaded.recipe.package.is_some() {
        return Ok(());
    }
    let recipe = prepared.loaded.recipe.name.to_string();
    Err(BuildError::NoPackage { recipe })
}

/// Names of the files that will be published for a plan, sorted; those of `--all-outputs` are known only after the build.
///
/// # Errors
/// [`BuildError::Packaging`] of a package that cannot be made of that version or for that architecture.
pub fn files_to_come(
    prepared: &Prepared,
    destination: &Destination,
) -> Result<Vec<String>, BuildError> {
    let plan = &prepared.plan;
    let outputs = plan.outputs.iter().map(|output| output.name.clone());
    let statement = match &destination.signing {
        Some(_) => ENVELOPE,
        None => PROVENANCE,
    };
    let companions = [MANIFEST, PLAN, BUILD_LOG, SBOM, SHA256SUMS, statement];
    let mut files: Vec<_> = outputs.chain(companions.map(str::to_owned)).collect();
    if let Some(of_recipe) = &prepared.loaded.recipe.package {
        for &format in &destination.packages {
            let (version, platform) = (&plan.version, &plan.platform);
            files.push(package_file_name(format, of_recipe, version, platform)?);
        }
    }
    files.sort();
    Ok(files)
}

/// Makes the packages and the statement of the result in `directory`, whose manifest, plan and bill of materials are in it.
/// Returns the statement's file name and text.
pub(super) fn complete(
    prepared: &Prepared,
    manifest: &Manifest,
    directory: &Path,
    destination: &Destination,
) -> Result<(&'static str, String), BuildError> {
    let unreadable = |name: &str, source| BuildError::Staged {
        path: directory.join(name),
        source,
    };
    let read = |name: &str| {
        fs::read_to_string(directory.join(name)).map_err(|source| unreadable(name, source))
    };
    // The one that was carried out, which may differ from the one of this run in what does not matter to the bytes.
    let plan: Plan =
        serde_json::from_str(&read(PLAN)?).map_err(|source| BuildError::StagedPlan {
            path: directory.join(PLAN),
            source,
        })?;
    // Everything in the directory but the statement itself and the sums, which name the statement.
    let log = directory.join(BUILD_LOG);
    let log = fs::File::open(&log).and_then(sha256_of);
    let (_, sha256) = log.map_err(|error| unreadable(BUILD_LOG, error))?;
    let mut further = vec![Subject {
        name: BUILD_LOG.to_owned(),
        sha256,
    }];
    if let Some(of_recipe) = &prepared.loaded.recipe.package {
        let key = destination.package_key.as_deref();
        let settings = PackageSettings::new(of_recipe, &plan.source).signed_by(key);
        for &format in &destination.packages {
            let path = package(format, &settings, manifest, directory, directory)?;
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let file = fs::File::open(&path).and_then(sha256_of);
            let (_, sha256) = file.map_err(|error| unreadable(&name, error))?;
            further.push(Subject {
                name: name.into_owned(),
                sha256,
            });
        }
    }
    let said = say(
        manifest,
        &plan,
        &read(SBOM)?,
        &further,
        destination.signing.as_deref(),
    );
    Ok((said.name, said.text))
}

/// Tells one set of files beside the binaries from another.
pub(super) fn identity(destination: &Destination) -> String {
    let packages: Vec<_> = destination
        .packages
        .iter()
        .map(|format| format.as_str())
        .collect();
    let key = destination.signing.as_deref();
    let key = key.map(|key| key.public().id());
    let package_key = destination.package_key.as_deref();
    let package_key = package_key.map(|key| format!(" package key {}", key.public().fingerprint()));
    format!(
        "{} statement {STATEMENT} packages {} key {}{}",
        TOOL,
        packages.join(","),
        key.unwrap_or_default(),
        package_key.unwrap_or_default()
    )
}
