//! A release folder: its index, its checksums, and each of its results.

use std::collections::BTreeSet;

use super::listing::Listing;
use super::outcome::Audit;
use super::result::audit_result;
use super::said::Told;
use super::witnesses::Witnesses;
use crate::artifacts::{INDEX, INDEX_FORMAT, Index, IndexResult, IndexTarget, SHA256SUMS};
use crate::attestation::VerifyingKey;

/// Holds the folder of `listing` against its index, and then each of the results.
pub(super) fn audit_release(
    listing: &Listing,
    keys: &[VerifyingKey],
    witnesses: &mut Witnesses,
    audit: &mut Audit,
) {
    witnesses.note_checksums(SHA256SUMS, listing, audit);
    let Some(index) = listing.document::<Index>(INDEX, audit) else {
        return;
    };
    if index.format != INDEX_FORMAT {
        let format = index.format;
        audit.integrity(
            INDEX,
            format!("it is of format {format}, and this version of the tool reads {INDEX_FORMAT}: take the one that made it"),
        );
        return;
    }
    let mut accounted = BTreeSet::from([INDEX.to_owned(), SHA256SUMS.to_owned()]);
    let mut failed = Vec::new();
    for target in &index.targets {
        match &target.result {
            IndexResult::Published { folder, files } => {
                if *folder != target.folder() {
                    let wanted = target.folder();
                    audit.integrity(INDEX, format!("it has {wanted} in the folder {folder}"));
                }
                for file in files {
                    let path = format!("{folder}/{}", file.path);
                    witnesses.note(INDEX, path.clone(), &file.sha256, Some(file.size));
                    accounted.insert(path);
                }
                let prefix = format!("{folder}/");
                let told = audit_result(listing, &prefix, keys, witnesses, audit);
                hold_against(target, told.as_ref(), &prefix, audit);
            }
            IndexResult::Failed { .. } => failed.push(format!("{}/", target.failed_folder())),
            IndexResult::NotNeeded { .. } => {}
        }
    }
    for path in listing.paths() {
        let of_failure = failed
            .iter()
            .any(|folder| path.starts_with(folder.as_str()));
        if !of_failure && !accounted.contains(path) {
            audit.integrity(
                path,
                format!("it is not accounted for: {INDEX} does not have it"),
            );
        }
    }
}

/// A result must be that of the target that it is published as.
fn hold_against(target: &IndexTarget, told: Option<&Told>, prefix: &str, audit: &mut Audit) {
    let Some(told) = told else {
        return;
    };
    for (what, wanted, found) in [
        ("recipe", &target.recipe, &told.manifest.recipe.name),
        ("version", &target.version, &told.manifest.version),
        ("platform", &target.platform, &told.manifest.platform),
    ] {
        if wanted != found {
            let message = format!("its {what} is {found}, {INDEX} has it as {wanted}");
            audit.integrity(format!("{prefix}{}", crate::artifacts::MANIFEST), message);
        }
    }
}
