//! Checks the binaries again.

use super::auditor::Auditor;
use super::outcome::{Audit, AuditedFile};
use super::recorded::Recorded;
use crate::artifacts::{MANIFEST, ManifestFile};
use crate::verify::{Check, CheckName, Expectations, Findings, Outcome, inspect, judge};

impl Auditor<'_> {
    /// Checks each binary of the manifest as the plan requires, and compares the findings with those in the manifest.
    pub(super) fn binaries(&mut self, prefix: &str, recorded: &Recorded) {
        let Auditor { listing, audit, .. } = self;
        for output in &recorded.plan.outputs {
            if !recorded
                .manifest
                .files
                .iter()
                .any(|file| file.name == output.name)
            {
                let message = format!(
                    "{} is missing from it, although the plan has it",
                    output.name
                );
                audit.integrity(format!("{prefix}{MANIFEST}"), message);
            }
        }
        for file in &recorded.manifest.files {
            let path = format!("{prefix}{}", file.name);
            let Some(stored) = listing.get(&path) else {
                continue;
            };
            let findings = match inspect(&listing.on_disk(&path)) {
                Ok(findings) => findings,
                Err(error) => {
                    audit.integrity(&path, error.to_string());
                    continue;
                }
            };
            if findings.sha256 != stored.sha256 {
                audit.integrity(&path, "changed while it was read");
            }
            let output = recorded
                .plan
                .outputs
                .iter()
                .find(|output| output.name == file.name);
            let expectations = output.map(|output| output.expectations.clone());
            // There are no expectations for an output of --all-outputs.
            let expectations = expectations.unwrap_or_default();
            let checks = checks(&findings, &expectations, file);
            for check in checks
                .iter()
                .filter(|check| check.outcome == Outcome::Failed)
            {
                audit.proof(
                    &path,
                    format!(
                        "{}: {}, expected {}",
                        check.name, check.found, check.expected
                    ),
                );
            }
            compare(prefix, file, &findings, &checks, audit);
            audit.binaries.push(AuditedFile {
                file: path,
                findings,
                checks,
            });
        }
    }
}

/// Runs the checks again. A binary is not run by an audit: its version output, and what it wrote under strace, are taken
/// from the manifest.
fn checks(findings: &Findings, expectations: &Expectations, file: &ManifestFile) -> Vec<Check> {
    let recorded = file
        .checks
        .iter()
        .find(|check| check.name == CheckName::Version);
    let tried = file.checks.iter();
    let tried = tried.filter(|check| check.name == CheckName::Run);
    judge(findings, None, expectations)
        .into_iter()
        .map(|check| match recorded {
            Some(recorded) if check.name == CheckName::Version => recorded.clone(),
            _ => check,
        })
        .chain(tried.cloned())
        .collect()
}

/// The manifest must agree with the findings now. Texts and evidence may be those of another version of the tool.
fn compare(
    prefix: &str,
    file: &ManifestFile,
    findings: &Findings,
    checks: &[Check],
    audit: &mut Audit,
) {
    // The findings of another file cannot be compared, and the different file is reported already.
    if findings.sha256 != file.sha256 {
        return;
    }
    let outcomes = |checks: &[Check]| {
        let all = checks.iter().map(|check| (check.name, check.outcome));
        all.collect::<Vec<_>>()
    };
    let known = &file.findings;
    let differs = [
        ("format", known.format != findings.format),
        ("architecture", known.architecture != findings.architecture),
        ("linkage", known.linkage != findings.linkage),
        ("C library", known.glibc != findings.glibc),
        (
            "kernel-memory accounting",
            known.kmem.verdict != findings.kmem.verdict,
        ),
        ("checks", outcomes(&file.checks) != outcomes(checks)),
    ];
    for (what, _) in differs.iter().filter(|(_, differs)| *differs) {
        let message = format!(
            "the recorded {what} of {} does not match the file",
            file.name
        );
        audit.integrity(format!("{prefix}{MANIFEST}"), message);
    }
}
