//! Checks the binaries again.

use std::collections::{BTreeMap, BTreeSet};

use super::auditor::Auditor;
use super::listing::Listing;
use super::outcome::{Audit, AuditedFile};
use super::recorded::Recorded;
use crate::artifacts::{COMPANION_FILES, MANIFEST, ManifestFile};
use crate::verify::{
    Check, CheckName, Expectations, Findings, KmemExpectation, KmemVerdict, Outcome, judge,
};

impl Auditor<'_> {
    /// Checks each binary of the manifest as the plan requires, and compares the findings with those in the manifest.
    pub(super) fn binaries(&mut self, prefix: &str, recorded: &Recorded) {
        let Auditor {
            listing,
            is_stopped,
            keys,
            audit,
            ..
        } = self;
        let files = recorded.manifest.files.iter();
        let files: BTreeSet<_> = files.map(|file| file.name.as_str()).collect();
        let outputs = recorded.plan.outputs.iter().rev();
        let outputs: BTreeMap<_, _> = outputs
            .map(|output| (output.name.as_str(), output))
            .collect();
        for output in &recorded.plan.outputs {
            if !files.contains(output.name.as_str()) {
                let message = format!(
                    "{} is missing from it, although the plan has it",
                    output.name
                );
                audit.integrity(format!("{prefix}{MANIFEST}"), message);
            }
        }
        if keys.is_empty() {
            not_named(listing, prefix, &files, *is_stopped, audit);
        }
        for file in &recorded.manifest.files {
            let path = format!("{prefix}{}", file.name);
            let Some(stored) = listing.get(&path) else {
                continue;
            };
            let findings = match Findings::of(&listing.on_disk(&path), *is_stopped) {
                Ok(findings) => findings,
                Err(error) => {
                    audit.integrity(&path, error.to_string());
                    continue;
                }
            };
            if findings.sha256 != stored.sha256 {
                audit.integrity(&path, "changed while it was read");
            }
            let output = outputs.get(file.name.as_str());
            let expectations = output.map(|output| output.expectations.clone());
            // There are no expectations for an output of --all-outputs.
            let expectations = expectations.unwrap_or_default();
            let mut checks = checks(&findings, &expectations, file);
            compare(prefix, file, &findings, &checks, audit);
            if keys.is_empty() {
                judge_by_content(&mut checks, &findings);
            }
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
            audit.binaries.push(AuditedFile {
                file: path,
                findings,
                checks,
            });
        }
    }
}

/// The names of programs that make the cgroups of containers: on a node, no plan says otherwise.
const CGROUP_MAKERS: [&str; 2] = ["runc", "kubelet"];

/// Without a key nobody vouches for the plan, nor for what the manifest has about runs: whoever exchanged the binary may have
/// written both. What is in the binary decides then, whatever the plan asks for.
fn judge_by_content(checks: &mut Vec<Check>, findings: &Findings) {
    let is_judged = checks.iter().any(|check| check.name == CheckName::Kmem);
    let accounts = matches!(
        findings.kmem.verdict,
        KmemVerdict::On | KmemVerdict::OnRequest
    );
    let makes_cgroups = CGROUP_MAKERS.contains(&findings.name.as_str());
    if !is_judged && (accounts || makes_cgroups) {
        let expectations = Expectations {
            kmem: Some(KmemExpectation::Off),
            ..Expectations::default()
        };
        let of_content = judge(findings, None, &expectations);
        let kmem = of_content.into_iter();
        checks.extend(kmem.filter(|check| check.name == CheckName::Kmem));
    }
    for check in checks {
        let recorded = matches!(check.name, CheckName::Version | CheckName::Run);
        if recorded && check.outcome == Outcome::Passed {
            check.outcome = Outcome::NotRun;
            check.found = format!(
                "not run: nobody vouches for what was recorded ({})",
                check.found
            );
        }
    }
}

/// Without a key, the sums may list what no plan has: a program that is not in the manifest is not published by it, and what
/// is in a package is not looked at.
fn not_named(
    listing: &Listing,
    prefix: &str,
    files: &BTreeSet<&str>,
    is_stopped: &dyn Fn() -> bool,
    audit: &mut Audit,
) {
    for (path, name) in listing.below(prefix) {
        if files.contains(name) || COMPANION_FILES.contains(&name) {
            continue;
        }
        match Findings::of(&listing.on_disk(path), is_stopped) {
            Ok(findings) if findings.format.is_program() => {
                audit.integrity(path, format!("a program that {MANIFEST} does not name"));
            }
            Ok(_) => audit.remarks.push(format!(
                "{path}: what is in it was not checked; without a key nothing vouches for it"
            )),
            Err(error) => audit.integrity(path, error.to_string()),
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
