//! From what was built to the manifest: every output is checked, and where everything came from is written down.

use jiff::Timestamp;

use super::error::BuildError;
use super::prepared::Prepared;
use crate::artifacts::{
    MANIFEST_FORMAT, Manifest, ManifestFile, ManifestImage, ManifestSource, TOOL,
};
use crate::clock;
use crate::execute::Built;
use crate::plan::{KnownHoles, Plan, PlannedImage, PlannedSource};
use crate::verify::{inspect, judge};

/// Holds what was built since `started` against the plan's expectations and writes down where everything came from.
pub(super) fn write_manifest(
    prepared: &Prepared,
    built: &Built,
    started: Timestamp,
) -> Result<Manifest, BuildError> {
    let plan = &prepared.plan;
    let mut files = Vec::new();
    for (file, expectations) in &built.files {
        let findings = inspect(&file.path)?;
        if findings.sha256 != file.sha256 {
            let file = file.name.clone();
            return Err(BuildError::Changed { file });
        }
        files.push(ManifestFile {
            name: file.name.clone(),
            size: file.size,
            sha256: file.sha256.clone(),
            mode: format!("{:o}", file.mode),
            checks: judge(&findings, built.version_runs.get(&file.name), expectations),
            findings,
        });
    }
    let patches = match &plan.image {
        PlannedImage::Dockerfile { patches, .. } => patches.clone(),
        _ => Vec::new(),
    };
    Ok(Manifest {
        format: MANIFEST_FORMAT,
        tool: TOOL.to_owned(),
        recipe: plan.recipe.clone(),
        recipe_origin: prepared.loaded.origin.to_string(),
        plan_sha256: plan.digest(),
        version: plan.version.clone(),
        platform: plan.platform.clone(),
        class: plan.class.clone(),
        like: prepared.like.clone(),
        source: manifest_source(prepared, built),
        image: ManifestImage {
            name: built.image.name.clone(),
            id: built.image.image.id.clone(),
            content: built.image.image.content.clone(),
            repo_digests: built.image.image.repo_digests.clone(),
            pulled: built.image.pulled.clone(),
            patches,
            remarks: built.image.remarks.clone(),
            packages: built.packages.clone(),
        },
        targets: plan.targets.clone(),
        via: plan.build.via,
        toolchain: built.toolchain.clone(),
        commands: built.steps.clone(),
        started_at: in_utc(started),
        built_at: in_utc(clock::now()),
        engine: prepared.engine.describe().version.clone(),
        not_enforced: built.not_enforced.clone(),
        warnings: plan.warnings.clone(),
        known_holes: None,
        files,
    })
}

/// The known holes of a result of `plan`: where its source is a package, those that this version of the package has.
pub(super) fn known_holes(plan: &Plan, manifest: &Manifest) -> Option<KnownHoles> {
    let known = plan.known_holes.as_ref()?;
    match &manifest.source {
        ManifestSource::Directory {
            package_version: Some(version),
            ..
        } => known.in_package(version),
        _ => Some(known.clone()),
    }
}

fn in_utc(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn manifest_source(prepared: &Prepared, built: &Built) -> ManifestSource {
    match &prepared.plan.source {
        PlannedSource::Git {
            tag,
            commit,
            tree,
            patches,
            ..
        } => ManifestSource::Git {
            tag: tag.clone(),
            commit: commit.clone(),
            tree: tree.clone(),
            patched_tree: built.patched_tree.clone(),
            url: prepared
                .git
                .as_ref()
                .map(|fetched| fetched.served.url.clone())
                .unwrap_or_default(),
            unpinned: prepared
                .git
                .as_ref()
                .is_some_and(|fetched| fetched.served.unpinned),
            unmodified: built.patched_tree.is_none(),
            patches: patches.clone(),
        },
        PlannedSource::Directory { path, package } => ManifestSource::Directory {
            path: path.clone(),
            package: package.clone(),
            package_version: built
                .packages
                .iter()
                .find(|known| known.name.split(':').next() == Some(package))
                .map(|known| known.version.clone()),
        },
    }
}
