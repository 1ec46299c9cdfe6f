//! What a result's manifest and plan say.

use super::listing::Listing;
use super::outcome::Audit;
use super::witnesses::Witnesses;
use crate::artifacts::{MANIFEST, MANIFEST_FORMAT, Manifest, PLAN};
use crate::plan::{PLAN_FORMAT, Plan};

/// What a result says of itself.
pub(super) struct Told {
    pub(super) manifest: Manifest,
    pub(super) plan: Plan,
}

/// The manifest; what it says of files is noted. A result has to have one.
pub(super) fn read_manifest(
    listing: &Listing,
    prefix: &str,
    witnesses: &mut Witnesses,
    audit: &mut Audit,
) -> Option<Manifest> {
    let path = format!("{prefix}{MANIFEST}");
    if listing.get(&path).is_none() {
        audit.integrity(&path, "it is missing, and every result has one");
        return None;
    }
    let manifest: Manifest = listing.document(&path, audit)?;
    if manifest.format != MANIFEST_FORMAT {
        audit.integrity(&path, other_format(manifest.format, MANIFEST_FORMAT));
        return None;
    }
    for file in &manifest.files {
        let name = format!("{prefix}{}", file.name);
        witnesses.note(&path, name, &file.sha256, Some(file.size));
        if file.findings.sha256 != file.sha256 || file.findings.size != file.size {
            let message = format!("what it found in {} is of another file", file.name);
            audit.integrity(&path, message);
        }
    }
    Some(manifest)
}

/// The plan, which the manifest knows by its digest. A result has to have one.
pub(super) fn read_plan(
    listing: &Listing,
    prefix: &str,
    manifest: Option<&Manifest>,
    witnesses: &mut Witnesses,
    audit: &mut Audit,
) -> Option<Plan> {
    let path = format!("{prefix}{PLAN}");
    if let Some(manifest) = manifest {
        // The digest of a plan is that of its file, to the byte.
        let by = format!("{prefix}{MANIFEST}");
        witnesses.note(&by, path.clone(), &manifest.plan_sha256, None);
    } else if listing.get(&path).is_none() {
        audit.integrity(&path, "it is missing, and every result has one");
    }
    let plan: Plan = listing.document(&path, audit)?;
    if plan.format != PLAN_FORMAT {
        audit.integrity(&path, other_format(plan.format, PLAN_FORMAT));
        return None;
    }
    Some(plan)
}

fn other_format(found: u32, known: u32) -> String {
    format!(
        "it is of format {found}, and this version of the tool reads {known}: take the one that made it"
    )
}
