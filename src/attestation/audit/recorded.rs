//! The manifest and the plan of a result.

use super::auditor::Auditor;
use crate::artifacts::{MANIFEST, MANIFEST_FORMAT, Manifest, PLAN};
use crate::plan::{PLAN_FORMAT, Plan};

/// What was recorded when a result was built.
pub(super) struct Recorded {
    pub(super) manifest: Manifest,
    pub(super) plan: Plan,
}

impl Auditor<'_> {
    /// Reads the manifest and collects its claims about files. Every result must have one.
    pub(super) fn manifest(&mut self, prefix: &str) -> Option<Manifest> {
        let Auditor {
            listing,
            sources,
            audit,
            ..
        } = self;
        let path = format!("{prefix}{MANIFEST}");
        if listing.get(&path).is_none() {
            audit.integrity(&path, "missing, but required for every result");
            return None;
        }
        let manifest: Manifest = listing.document(&path, audit)?;
        if manifest.format != MANIFEST_FORMAT {
            audit.integrity(&path, other_format(manifest.format, MANIFEST_FORMAT));
            return None;
        }
        for file in &manifest.files {
            let name = format!("{prefix}{}", file.name);
            sources.add(&path, name, &file.sha256, Some(file.size));
            if file.findings.sha256 != file.sha256 || file.findings.size != file.size {
                let message = format!("its findings for {} belong to a different file", file.name);
                audit.integrity(&path, message);
            }
        }
        Some(manifest)
    }

    /// Reads the plan, whose digest is in the manifest. Every result must have one.
    pub(super) fn plan(&mut self, prefix: &str, manifest: Option<&Manifest>) -> Option<Plan> {
        let Auditor {
            listing,
            sources,
            audit,
            ..
        } = self;
        let path = format!("{prefix}{PLAN}");
        if let Some(manifest) = manifest {
            // The digest of a plan is the digest of its file.
            let by = format!("{prefix}{MANIFEST}");
            sources.add(&by, path.clone(), &manifest.plan_sha256, None);
        } else if listing.get(&path).is_none() {
            audit.integrity(&path, "missing, but required for every result");
        }
        let plan: Plan = listing.document(&path, audit)?;
        if plan.format != PLAN_FORMAT {
            audit.integrity(&path, other_format(plan.format, PLAN_FORMAT));
            return None;
        }
        Some(plan)
    }
}

pub(super) fn other_format(found: u32, known: u32) -> String {
    format!(
        "it has format {found}, but this version of kmembuild reads format {known}; use the version that wrote it"
    )
}
