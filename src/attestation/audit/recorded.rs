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
        let path = format!("{prefix}{MANIFEST}");
        if !self.require(&path) {
            return None;
        }
        let format = |manifest: &Manifest| manifest.format;
        let manifest = self.document(&path, format, MANIFEST_FORMAT..=MANIFEST_FORMAT)?;
        for file in &manifest.files {
            let name = format!("{prefix}{}", file.name);
            self.sources.add(&path, name, &file.sha256, Some(file.size));
            if file.findings.sha256 != file.sha256 || file.findings.size != file.size {
                let message = format!("its findings for {} belong to a different file", file.name);
                self.audit.integrity(&path, message);
            }
        }
        Some(manifest)
    }

    /// Reads the plan, whose digest is in the manifest. Every result must have one.
    pub(super) fn plan(&mut self, prefix: &str, manifest: Option<&Manifest>) -> Option<Plan> {
        let path = format!("{prefix}{PLAN}");
        if let Some(manifest) = manifest {
            // The digest of a plan is the digest of its file.
            let by = format!("{prefix}{MANIFEST}");
            self.sources
                .add(&by, path.clone(), &manifest.plan_sha256, None);
        } else if !self.require(&path) {
            return None;
        }
        self.document(&path, |plan: &Plan| plan.format, PLAN_FORMAT..=PLAN_FORMAT)
    }
}
