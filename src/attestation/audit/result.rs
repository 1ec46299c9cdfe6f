//! One result: its checksums, and everything that is said beside its binaries.

use super::listing::Listing;
use super::outcome::Audit;
use super::proof::audit_binaries;
use super::said::{Told, read_manifest, read_plan};
use super::witnesses::Witnesses;
use crate::artifacts::{ENVELOPE, PROVENANCE, SBOM, SHA256SUMS};
use crate::attestation::slsa::{PREDICATE_TYPE, STATEMENT_TYPE, Statement};
use crate::attestation::{Bom, Envelope, PAYLOAD_TYPE, Predicate, VerifyingKey, provenance};

/// Holds the result in the folder `prefix`, which is empty or ends with a slash, against all that is said in it. What its
/// manifest and its plan say, where both can be read.
pub(super) fn audit_result(
    listing: &Listing,
    prefix: &str,
    keys: &[VerifyingKey],
    witnesses: &mut Witnesses,
    audit: &mut Audit,
) -> Option<Told> {
    let sums = format!("{prefix}{SHA256SUMS}");
    witnesses.note_checksums(&sums, listing, audit);
    let manifest = read_manifest(listing, prefix, witnesses, audit);
    let plan = read_plan(listing, prefix, manifest.as_ref(), witnesses, audit);
    let told = manifest
        .zip(plan)
        .map(|(manifest, plan)| Told { manifest, plan });
    read_sbom(listing, prefix, witnesses, audit);
    let statements = [
        read_provenance(listing, prefix, audit),
        read_envelope(listing, prefix, keys, audit),
    ];
    for (path, statement) in statements.into_iter().flatten() {
        // What no key of the user's signed did not get here where there are keys.
        let signed = !keys.is_empty() && path.ends_with(ENVELOPE);
        let told = told.as_ref();
        hear_statement((&path, signed), &statement, prefix, told, witnesses, audit);
    }
    if let Some(told) = &told {
        audit_binaries(listing, prefix, told, audit);
    }
    told
}

/// The digests of the files in the bill of materials.
fn read_sbom(listing: &Listing, prefix: &str, witnesses: &mut Witnesses, audit: &mut Audit) {
    let path = format!("{prefix}{SBOM}");
    let Some(bom) = listing.document::<Bom>(&path, audit) else {
        return;
    };
    for component in bom.components.iter().filter(|one| one.kind == "file") {
        for hash in component.hashes.iter().filter(|hash| hash.alg == "SHA-256") {
            let file = format!("{prefix}{}", component.name);
            witnesses.note(&path, file, &hash.content, None);
        }
    }
}

fn read_provenance(
    listing: &Listing,
    prefix: &str,
    audit: &mut Audit,
) -> Option<(String, Statement)> {
    let path = format!("{prefix}{PROVENANCE}");
    let statement = listing.document(&path, audit)?;
    Some((path, statement))
}

/// The statement in the envelope, once its signature was looked at.
fn read_envelope(
    listing: &Listing,
    prefix: &str,
    keys: &[VerifyingKey],
    audit: &mut Audit,
) -> Option<(String, Statement)> {
    let path = format!("{prefix}{ENVELOPE}");
    if listing.get(&path).is_none() {
        if !keys.is_empty() {
            audit.integrity(
                &path,
                "it is missing: nothing here is signed, and a key was given",
            );
        }
        return None;
    }
    let envelope: Envelope = listing.document(&path, audit)?;
    let payload = if keys.is_empty() {
        let remark = format!("{path}: the signature was not checked, as no key was given (--key)");
        audit.remarks.push(remark);
        envelope.payload()
    } else {
        envelope.verify(keys)
    };
    let payload = payload
        .map_err(|error| audit.integrity(&path, error.to_string()))
        .ok()?;
    if envelope.payload_type != PAYLOAD_TYPE {
        let found = &envelope.payload_type;
        audit.integrity(
            &path,
            format!("its payload is of the type {found}, not {PAYLOAD_TYPE}"),
        );
    }
    let statement = serde_json::from_slice(&payload)
        .map_err(|error| audit.integrity(&path, format!("its payload is no statement: {error}")))
        .ok()?;
    Some((path, statement))
}

/// Notes the subjects of a statement and holds what it says of their origin against the manifest and the plan.
fn hear_statement(
    (path, signed): (&str, bool),
    statement: &Statement,
    prefix: &str,
    told: Option<&Told>,
    witnesses: &mut Witnesses,
    audit: &mut Audit,
) {
    for (what, found, wanted) in [
        ("statement", &statement.statement_type, STATEMENT_TYPE),
        ("predicate", &statement.predicate_type, PREDICATE_TYPE),
    ] {
        if found != wanted {
            audit.integrity(
                path,
                format!("its {what} is of the type {found}, not {wanted}"),
            );
        }
    }
    for subject in &statement.subject {
        match subject.digest.get("sha256") {
            Some(sha256) => {
                let file = format!("{prefix}{}", subject.name);
                witnesses.note_statement(path, file, sha256, signed);
            }
            None => audit.integrity(path, format!("it has no sha256 of {}", subject.name)),
        }
    }
    let Some(told) = told else {
        return;
    };
    for file in &told.manifest.files {
        if !statement
            .subject
            .iter()
            .any(|subject| subject.name == file.name)
        {
            audit.integrity(path, format!("it does not speak of {}", file.name));
        }
    }
    let expected = provenance(&told.manifest, &told.plan);
    let (found, wanted) = (&statement.predicate, &expected);
    let same_tool = found.run_details.builder.version == wanted.run_details.builder.version;
    // Another version of the tool may have said the same in other words; what went in stays the same.
    let agrees = if same_tool && made_by_this_version(told) {
        found == wanted
    } else {
        let digests = |predicate: &Predicate| {
            let dependencies = &predicate.build_definition.resolved_dependencies;
            dependencies
                .iter()
                .map(|one| one.digest.clone())
                .collect::<Vec<_>>()
        };
        digests(found) == digests(wanted)
            && found.run_details.metadata == wanted.run_details.metadata
    };
    if !agrees {
        audit.integrity(
            path,
            "it says other things of where the files come from than the manifest and the plan",
        );
    }
}

fn made_by_this_version(told: &Told) -> bool {
    told.manifest.tool == concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"))
}
