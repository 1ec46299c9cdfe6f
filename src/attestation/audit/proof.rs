//! The binaries, judged afresh.

use super::listing::Listing;
use super::outcome::{Audit, AuditedFile};
use super::said::Told;
use crate::artifacts::{MANIFEST, ManifestFile};
use crate::verify::{Check, CheckName, Expectations, Findings, Outcome, inspect, judge};

/// Judges each binary of the manifest by the plan, and holds the findings against those of the manifest.
pub(super) fn audit_binaries(listing: &Listing, prefix: &str, told: &Told, audit: &mut Audit) {
    for output in &told.plan.outputs {
        if !told
            .manifest
            .files
            .iter()
            .any(|file| file.name == output.name)
        {
            let message = format!("it does not have {}, which the plan has", output.name);
            audit.integrity(format!("{prefix}{MANIFEST}"), message);
        }
    }
    for file in &told.manifest.files {
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
            audit.integrity(&path, "it changed while it was read");
        }
        let output = told
            .plan
            .outputs
            .iter()
            .find(|output| output.name == file.name);
        let expectations = output.map(|output| output.expectations.clone());
        // Nothing is expected of what was taken out as well.
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

/// The checks, run again. A binary is not run where it is only looked at: for what it said of its version, and for what it
/// wrote, the manifest has the word of the build.
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

/// The manifest must say what is found now. Words and evidence may be those of another version of the tool.
fn compare(
    prefix: &str,
    file: &ManifestFile,
    findings: &Findings,
    checks: &[Check],
    audit: &mut Audit,
) {
    // Of another file there is nothing to compare; that it is another one is told already.
    if findings.sha256 != file.sha256 {
        return;
    }
    let outcomes = |checks: &[Check]| {
        let all = checks.iter().map(|check| (check.name, check.outcome));
        all.collect::<Vec<_>>()
    };
    let said = &file.findings;
    let differs = [
        ("format", said.format != findings.format),
        ("architecture", said.architecture != findings.architecture),
        ("linkage", said.linkage != findings.linkage),
        ("C library", said.glibc != findings.glibc),
        (
            "kernel-memory accounting",
            said.kmem.verdict != findings.kmem.verdict,
        ),
        ("checks", outcomes(&file.checks) != outcomes(checks)),
    ];
    for (what, _) in differs.iter().filter(|(_, differs)| *differs) {
        let message = format!(
            "what it says of the {what} of {} is not what is found now",
            file.name
        );
        audit.integrity(format!("{prefix}{MANIFEST}"), message);
    }
}
