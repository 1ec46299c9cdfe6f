//! A release folder: its index, its checksums, and each of its results.

use std::collections::BTreeSet;

use super::listing::Listing;
use super::outcome::Audit;
use super::result::audit_result;
use super::said::Told;
use super::witnesses::Witnesses;
use crate::artifacts::{
    CHECKSUMS_MINISIG, CHECKSUMS_SIG, ENVELOPE, INDEX, INDEX_FORMAT, Index, IndexResult,
    IndexTarget, SHA256SUMS,
};
use crate::attestation::{SignatureError, VerifyingKey, verify_checksums};

/// Holds the folder of `listing` against its index, and then each of the results.
pub(super) fn audit_release(
    listing: &Listing,
    keys: &[VerifyingKey],
    witnesses: &mut Witnesses,
    audit: &mut Audit,
) {
    witnesses.note_checksums(SHA256SUMS, listing, audit);
    audit_signature(listing, keys, witnesses, audit);
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
    let at_the_top = [INDEX, SHA256SUMS, CHECKSUMS_MINISIG, CHECKSUMS_SIG];
    let mut accounted = BTreeSet::from(at_the_top.map(str::to_owned));
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

/// Holds the signature of the checksums against them. With keys there has to be one.
fn audit_signature(
    listing: &Listing,
    keys: &[VerifyingKey],
    witnesses: &mut Witnesses,
    audit: &mut Audit,
) {
    let names = [CHECKSUMS_MINISIG, CHECKSUMS_SIG];
    let there: Vec<_> = names
        .into_iter()
        .filter(|name| listing.get(name).is_some())
        .collect();
    if there.is_empty() {
        let nothing = format!("nothing signs it ({CHECKSUMS_MINISIG} or {CHECKSUMS_SIG})");
        if !keys.is_empty() {
            audit.integrity(SHA256SUMS, format!("{nothing}, and a key was given"));
        } else if listing.paths().any(|path| path.ends_with(ENVELOPE)) {
            let remark = format!("{SHA256SUMS}: {nothing}, though there are signed results");
            audit.remarks.push(remark);
        }
    }
    if let [_, second] = there[..] {
        // The tool takes away what it does not write.
        audit.integrity(second, "there is another signature beside it".to_owned());
    }
    for name in there {
        witnesses.note_signature(name);
        let texts = (listing.text(SHA256SUMS, audit), listing.text(name, audit));
        let (Some(sums), Some(signature)) = texts else {
            continue;
        };
        match verify_checksums(sums.as_bytes(), name, &signature, keys) {
            Ok(()) => {}
            Err(SignatureError::ByNoneOf(_)) if keys.is_empty() => audit.remarks.push(format!(
                "{name}: the signature was not checked, as no key was given (--key)"
            )),
            Err(error) => audit.integrity(name, error.to_string()),
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
