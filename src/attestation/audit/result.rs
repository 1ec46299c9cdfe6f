//! One result: its checksums, and everything that was recorded about its binaries.

use std::collections::{BTreeMap, BTreeSet};

use super::auditor::Auditor;
use super::recorded::Recorded;
use crate::artifacts::{ENVELOPE, Manifest, PROVENANCE, SBOM, SHA256SUMS};
use crate::attestation::slsa::{PREDICATE_TYPE, STATEMENT_TYPE, Statement};
use crate::attestation::{Bom, Envelope, PAYLOAD_TYPE, Predicate, VerifyingKey, provenance};

/// The mode of what is published beside the binaries.
const DOCUMENT_MODE: u32 = 0o644;
/// What a mode must not have in addition: the rights of the owner or the group for whoever runs it, and writing by others.
const MORE: u32 = 0o7022;

impl Auditor<'_> {
    /// Compares the result in the directory `prefix`, which is empty or ends with a slash, with everything recorded in it.
    /// Returns its manifest and its plan, if both can be read.
    pub(super) fn result(&mut self, prefix: &str) -> Option<Recorded> {
        self.add_checksums(&format!("{prefix}{SHA256SUMS}"));
        let manifest = self.manifest(prefix);
        let plan = self.plan(prefix, manifest.as_ref());
        let recorded = manifest
            .zip(plan)
            .map(|(manifest, plan)| Recorded { manifest, plan });
        self.sbom(prefix);
        let statements = [self.provenance(prefix), self.envelope(prefix)];
        for (path, statement) in statements.into_iter().flatten() {
            // With keys, a statement that no key signed was rejected already.
            let signed = !self.keys.is_empty() && path.ends_with(ENVELOPE);
            self.statement((&path, signed), &statement, prefix, recorded.as_ref());
        }
        if let Some(recorded) = &recorded {
            self.binaries(prefix, recorded);
            self.modes(prefix, &recorded.manifest);
        }
        recorded
    }

    /// With keys, everything in the directory of a single result must be named by its signed statement: the checksums at
    /// the top of a release are signed, those of a result alone are not.
    pub(super) fn require_signed(&mut self) {
        if self.keys.is_empty() {
            return;
        }
        let Auditor {
            listing,
            sources,
            audit,
            ..
        } = self;
        for path in listing.paths() {
            // The checksums are compared with every file, so that they cannot say anything else.
            if path != ENVELOPE && path != SHA256SUMS && !sources.is_signed(path) {
                audit.integrity(path, format!("not signed: {ENVELOPE} does not name it"));
            }
        }
    }

    /// No file may be more to anybody than what was published: not a program that runs as its owner, and not a file that
    /// others may write to. Less is what a download leaves of it.
    fn modes(&mut self, prefix: &str, manifest: &Manifest) {
        let Auditor { listing, audit, .. } = self;
        let files: BTreeMap<_, _> = manifest
            .files
            .iter()
            .rev()
            .map(|file| (file.name.as_str(), file))
            .collect();
        for (path, name) in listing.below(prefix) {
            let Some(stored) = listing.get(path) else {
                continue;
            };
            let recorded = files.get(name).and_then(|file| file.permissions());
            let published = recorded.unwrap_or(DOCUMENT_MODE);
            let found = stored.mode;
            if found & !published & MORE != 0 {
                audit.integrity(
                    path,
                    format!("its mode is {found:o}, but it was published with {published:o}"),
                );
            } else if recorded.is_some() && published & !found != 0 {
                audit.remarks.push(format!(
                    "{path}: its mode is {found:o}, but it was published with {published:o}"
                ));
            }
        }
    }

    /// The digests of the files in the bill of materials.
    fn sbom(&mut self, prefix: &str) {
        let path = format!("{prefix}{SBOM}");
        let Some(bom) = self.listing.document::<Bom>(&path, &mut self.audit) else {
            return;
        };
        for component in bom.components.iter().filter(|one| one.kind == "file") {
            for hash in component.hashes.iter().filter(|hash| hash.alg == "SHA-256") {
                let file = format!("{prefix}{}", component.name);
                self.sources.add(&path, file, &hash.content, None);
            }
        }
    }

    fn provenance(&mut self, prefix: &str) -> Option<(String, Statement)> {
        let path = format!("{prefix}{PROVENANCE}");
        let statement = self.listing.document(&path, &mut self.audit)?;
        Some((path, statement))
    }

    /// The statement in the envelope, after its signature was checked.
    fn envelope(&mut self, prefix: &str) -> Option<(String, Statement)> {
        let Auditor {
            listing,
            keys,
            audit,
            ..
        } = self;
        let path = format!("{prefix}{ENVELOPE}");
        if listing.get(&path).is_none() {
            if !keys.is_empty() {
                audit.integrity(
                    &path,
                    "missing: the result is not signed, but a key was given",
                );
            }
            return None;
        }
        let envelope: Envelope = listing.document(&path, audit)?;
        let payload = if keys.is_empty() {
            let remark = format!("{path}: the signature was not checked, because no key was given");
            audit.remarks.push(remark);
            envelope.payload()
        } else {
            let payload = envelope.verify(keys);
            let by = keys
                .iter()
                .filter(|key| envelope.verify(std::slice::from_ref(*key)).is_ok());
            audit.vouched_by.extend(by.map(VerifyingKey::id));
            payload
        };
        let payload = payload
            .map_err(|error| audit.integrity(&path, error.to_string()))
            .ok()?;
        if envelope.payload_type != PAYLOAD_TYPE {
            let found = &envelope.payload_type;
            audit.integrity(
                &path,
                format!("its payload has the type {found}, not {PAYLOAD_TYPE}"),
            );
        }
        let statement = serde_json::from_slice(&payload)
            .map_err(|error| {
                audit.integrity(
                    &path,
                    format!("its payload is not a valid statement: {error}"),
                );
            })
            .ok()?;
        Some((path, statement))
    }

    /// Collects the subjects of a statement, and compares the origin that it states with the manifest and the plan.
    fn statement(
        &mut self,
        (path, signed): (&str, bool),
        statement: &Statement,
        prefix: &str,
        recorded: Option<&Recorded>,
    ) {
        let Auditor { sources, audit, .. } = self;
        for (what, found, wanted) in [
            ("statement", &statement.statement_type, STATEMENT_TYPE),
            ("predicate", &statement.predicate_type, PREDICATE_TYPE),
        ] {
            if found != wanted {
                audit.integrity(
                    path,
                    format!("its {what} has the type {found}, not {wanted}"),
                );
            }
        }
        for subject in &statement.subject {
            match subject.digest.get("sha256") {
                Some(sha256) => {
                    let file = format!("{prefix}{}", subject.name);
                    sources.add_statement(path, file, sha256, signed);
                }
                None => audit.integrity(path, format!("it has no sha256 for {}", subject.name)),
            }
        }
        let Some(recorded) = recorded else {
            return;
        };
        let subjects = statement.subject.iter();
        let subjects: BTreeSet<_> = subjects.map(|subject| subject.name.as_str()).collect();
        for file in &recorded.manifest.files {
            if !subjects.contains(file.name.as_str()) {
                audit.integrity(path, format!("{} is missing from it", file.name));
            }
        }
        let expected = provenance(&recorded.manifest, &recorded.plan);
        let (found, wanted) = (&statement.predicate, &expected);
        let same_tool = found.run_details.builder.version == wanted.run_details.builder.version;
        // Another version of the tool may word the same things differently; the inputs stay the same.
        let agrees = if same_tool && made_by_this_version(recorded) {
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
                "the origin that it states does not match the manifest and the plan",
            );
        }
    }
}

fn made_by_this_version(recorded: &Recorded) -> bool {
    recorded.manifest.tool == concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"))
}
