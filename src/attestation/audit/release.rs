//! A release directory: its index, its checksums, and each of its results.

use std::collections::BTreeSet;

use super::auditor::Auditor;
use super::outcome::Audit;
use super::recorded::Recorded;
use super::sources::folders_of;
use crate::artifacts::{
    CHECKSUMS_MINISIG, CHECKSUMS_SIG, ENVELOPE, INDEX, INDEX_FORMAT, INDEX_PAGE, Index,
    IndexBinary, IndexBuild, IndexResult, IndexTarget, MANIFEST, SHA256SUMS, folders_of_targets,
    repository_of,
};
use crate::attestation::{SignatureError, VerifyingKey, verify_checksums};
use crate::verify::{CheckName, Outcome};

impl Auditor<'_> {
    /// Compares the directory of a release with its index, and then audits each result.
    pub(super) fn release(&mut self) {
        self.add_checksums(SHA256SUMS);
        self.signature();
        let format = |index: &Index| index.format;
        let Some(index) = self.document(INDEX, format, 1..=INDEX_FORMAT) else {
            return;
        };
        let at_the_top = [
            INDEX,
            INDEX_PAGE,
            SHA256SUMS,
            CHECKSUMS_MINISIG,
            CHECKSUMS_SIG,
        ];
        let mut accounted = BTreeSet::from(at_the_top.map(str::to_owned));
        let mut failed = BTreeSet::new();
        for target in &index.targets {
            match &target.result {
                IndexResult::Published { folder, files, .. } => {
                    if *folder != target.folder() {
                        let wanted = target.folder();
                        self.audit
                            .integrity(INDEX, format!("it has {wanted} in the directory {folder}"));
                    }
                    for file in files {
                        let path = format!("{folder}/{}", file.path);
                        self.sources
                            .add(INDEX, path.clone(), &file.sha256, Some(file.size));
                        accounted.insert(path);
                    }
                    let prefix = format!("{folder}/");
                    let recorded = self.result(&prefix);
                    compare_target(target, recorded.as_ref(), &prefix, &mut self.audit);
                }
                IndexResult::Failed { .. } => {
                    failed.insert(format!("{}/", target.failed_folder()));
                }
                IndexResult::NotNeeded { .. } => {}
            }
        }
        for repository in &index.repositories {
            for file in &repository.files {
                let path = format!("{}/{}", repository.folder, file.path);
                self.sources
                    .add(INDEX, path.clone(), &file.sha256, Some(file.size));
                accounted.insert(path);
            }
        }
        let known = folders_of_targets(&index);
        let Auditor {
            listing,
            sources,
            audit,
            ..
        } = self;
        for path in listing.paths() {
            let of_failure = folders_of(path).any(|folder| failed.contains(folder));
            if of_failure || accounted.contains(path) {
                continue;
            }
            match folder_left_over(path, &index, &known) {
                Some((folder, what)) => {
                    if sources.add_leftover(folder) {
                        audit.leftover(folder, format!("{what} that is not part of the release"));
                    }
                }
                None => audit.integrity(path, format!("unexpected file: not listed in {INDEX}")),
            }
        }
    }

    /// Checks the signature of the checksums. With keys, a signature is required.
    fn signature(&mut self) {
        let Auditor {
            listing,
            keys,
            sources,
            audit,
            ..
        } = self;
        let names = [CHECKSUMS_MINISIG, CHECKSUMS_SIG];
        let there: Vec<_> = names
            .into_iter()
            .filter(|name| listing.get(name).is_some())
            .collect();
        if there.is_empty() {
            let nothing = format!("not signed ({CHECKSUMS_MINISIG} or {CHECKSUMS_SIG} not found)");
            if !keys.is_empty() {
                audit.integrity(SHA256SUMS, format!("{nothing}, but a key was given"));
            } else if listing.paths().any(|path| path.ends_with(ENVELOPE)) {
                let remark = format!("{SHA256SUMS}: {nothing}, although there are signed results");
                audit.remarks.push(remark);
            }
        }
        if let [_, second] = there[..] {
            // The tool removes the signature that it does not write.
            audit.integrity(second, "there is a second signature".to_owned());
        }
        for name in there {
            sources.add_signature(name);
            let texts = (listing.text(SHA256SUMS, audit), listing.text(name, audit));
            let (Some(sums), Some(signature)) = texts else {
                continue;
            };
            match verify_checksums(sums.as_bytes(), name, &signature, keys) {
                Ok(()) => {
                    let by = keys.iter().filter(|key| {
                        let only = std::slice::from_ref(*key);
                        verify_checksums(sums.as_bytes(), name, &signature, only).is_ok()
                    });
                    audit.vouched_by.extend(by.map(VerifyingKey::id));
                }
                Err(SignatureError::ByNoneOf(_)) if keys.is_empty() => audit.remarks.push(format!(
                    "{name}: the signature was not checked, because no key was given"
                )),
                Err(error) => audit.integrity(name, error.to_string()),
            }
        }
    }
}

/// The directory that a file would belong to which is not of the release, and what that is.
fn folder_left_over<'a>(
    path: &'a str,
    index: &Index,
    known: &BTreeSet<String>,
) -> Option<(&'a str, &'static str)> {
    if let Some(folder) = repository_of(path) {
        // In one that is, every file is listed.
        let is_known = index.repositories.iter().any(|of| of.folder == folder);
        return (!is_known).then_some((folder, "a repository"));
    }
    let folder = folder_of_a_result(path).filter(|folder| !known.contains(*folder))?;
    let what = if folder.ends_with(".failed") {
        "left over from a failed build"
    } else {
        "a result"
    };
    Some((folder, what))
}

/// The directory of the result that a file would belong to, by its path: three directories below the release's.
fn folder_of_a_result(path: &str) -> Option<&str> {
    let (end, _) = path.match_indices('/').nth(2)?;
    Some(&path[..end])
}

/// A result must be that of the target under which it is published.
fn compare_target(
    target: &IndexTarget,
    recorded: Option<&Recorded>,
    prefix: &str,
    audit: &mut Audit,
) {
    let Some(recorded) = recorded else {
        return;
    };
    for (what, wanted, found) in [
        ("recipe", &target.recipe, &recorded.manifest.recipe.name),
        ("version", &target.version, &recorded.manifest.version),
        ("platform", &target.platform, &recorded.manifest.platform),
    ] {
        if wanted != found {
            let message = format!("its {what} is {found}, but {wanted} in {INDEX}");
            audit.integrity(format!("{prefix}{MANIFEST}"), message);
        }
    }
    if let IndexResult::Published {
        build: Some(build), ..
    } = &target.result
        && found(&build.binaries) != found(&IndexBuild::of(&recorded.manifest).binaries)
    {
        let folder = target.folder();
        let message =
            format!("what it has about the binaries of {folder} is not what {MANIFEST} has");
        audit.integrity(INDEX, message);
    }
}

/// The name, the size, the sha256 and the outcomes of a binary.
type Found<'a> = (&'a str, u64, &'a str, Vec<(CheckName, Outcome)>);

/// What counts of binaries: texts and evidence may be those of another version of the tool.
fn found(binaries: &[IndexBinary]) -> Vec<Found<'_>> {
    let binaries = binaries.iter().map(|binary| {
        let checks = binary.checks.iter();
        let checks = checks.map(|check| (check.name, check.outcome)).collect();
        (
            binary.name.as_str(),
            binary.size,
            binary.sha256.as_str(),
            checks,
        )
    });
    binaries.collect()
}
