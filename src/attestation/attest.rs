//! The attestations of a result, as texts of files.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::compiled_in::found_in;
use super::component::Component;
use super::dsse::{PAYLOAD_TYPE, sign};
use super::error::AttestError;
use super::key::SigningKey;
use super::provenance::{Subject, statement};
use super::sbom::sbom;
use crate::artifacts::{ENVELOPE, MANIFEST, Manifest, PLAN, PROVENANCE, SBOM};
use crate::checksum::{hex, sha256_hex};
use crate::inside::inside;
use crate::plan::{Plan, canonical_json};

/// A file to publish next to the binaries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attested {
    /// File name.
    pub name: &'static str,
    /// Its text.
    pub text: String,
}

/// The bill of materials of the binaries in `folder`: which of the `components` were compiled into them.
///
/// # Errors
/// [`AttestError`] if a binary cannot be read or does not match the manifest.
pub fn bill_of_materials(
    manifest: &Manifest,
    components: &[Component],
    folder: &Path,
) -> Result<String, AttestError> {
    let mut found = Vec::new();
    for file in &manifest.files {
        let unreadable = |source| AttestError::Unreadable {
            path: folder.join(&file.name),
            source,
        };
        let path = inside(folder, &file.name).map_err(unreadable)?;
        let (of_file, sha256) = look_through(&path, components).map_err(unreadable)?;
        if sha256 != file.sha256 {
            return Err(AttestError::Changed {
                path,
                expected: file.sha256.clone(),
                found: sha256,
            });
        }
        found.push(of_file);
    }
    Ok(canonical_json(&sbom(manifest, components, &found)))
}

/// The provenance of a result, signed if there is a key. Its subjects are the binaries, the manifest and the plan as they
/// are written (by [`canonical_json`]), the bill of materials with this text, and `further` files: the log and the packages.
pub fn say(
    manifest: &Manifest,
    plan: &Plan,
    sbom: &str,
    further: &[Subject],
    key: Option<&SigningKey>,
) -> Attested {
    let texts = [
        (MANIFEST, canonical_json(manifest)),
        (PLAN, canonical_json(plan)),
        (SBOM, sbom.to_owned()),
    ];
    let mut subjects = texts
        .map(|(name, text)| Subject {
            name: name.to_owned(),
            sha256: sha256_hex(text.as_bytes()),
        })
        .to_vec();
    subjects.extend_from_slice(further);
    let statement = canonical_json(&statement(manifest, plan, &subjects));
    match key {
        None => Attested {
            name: PROVENANCE,
            text: statement,
        },
        Some(key) => Attested {
            name: ENVELOPE,
            text: sign_statement(&statement, key),
        },
    }
}

/// The text of the envelope with that statement, which [`say`] made without a key.
pub fn sign_statement(statement: &str, key: &SigningKey) -> String {
    canonical_json(&sign(statement.as_bytes(), PAYLOAD_TYPE, key))
}

/// Reads a binary once: which components are compiled into it, and its sha256.
fn look_through(path: &Path, components: &[Component]) -> io::Result<(Vec<Option<bool>>, String)> {
    let mut reader = Digesting {
        reader: BufReader::new(File::open(path)?),
        digest: Sha256::new(),
    };
    let found = found_in(components, &mut reader)?;
    Ok((found, hex(&reader.digest.finalize())))
}

struct Digesting<R> {
    reader: R,
    digest: Sha256,
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.digest.update(&buffer[..read]);
        Ok(read)
    }
}
