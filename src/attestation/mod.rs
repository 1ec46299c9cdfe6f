//! Attests where a result comes from, and verifies it.
//!
//! Attestations are an SBOM of what is compiled in ([`sbom`]), the provenance ([`provenance`]), a signature of it
//! ([`sign`]), and one of the checksums of a release ([`sign_checksums`]); [`bill_of_materials`] and [`say`] return them as
//! texts of files. [`audit()`] compares a release directory, or the directory of one result, with its attestations and
//! lists everything that does not match.
//!
//! Nothing here prints, reads the clock or uses random numbers: the same result has the same attestations.

mod attest;
mod audit;
mod compiled_in;
mod component;
mod cyclonedx;
mod dsse;
mod error;
mod key;
mod openpgp;
mod pem_file;
mod provenance;
mod sbom;
mod signed_checksums;
mod sigstore;
mod slsa;
mod vendored;

pub use attest::{Attested, bill_of_materials, say, sign_statement};
pub use audit::{Audit, AuditError, AuditedFile, Problem, ProblemKind, audit};
pub use compiled_in::found_in;
pub use component::{Component, ComponentKind, debian_components};
pub use cyclonedx::Bom;
pub use dsse::{Envelope, EnvelopeSignature, PAYLOAD_TYPE, SignatureError, sign};
pub use error::{AttestError, KeyError, VendoredError};
pub use key::{KeyKind, SigningKey, VerifyingKey};
pub use openpgp::{PackageKey, PackageKeyError, PackageKeyKind, PublicPackageKey};
pub use provenance::{Subject, provenance, statement};
pub use sbom::sbom;
pub use signed_checksums::{
    checksums_signature_name, minisign_public_key, sign_checksums, verify_checksums,
};
pub use sigstore::{BUNDLE_TYPE, sigstore_bundle};
pub use slsa::{
    BuildDefinition, Builder, DigestSet, Metadata, PREDICATE_TYPE, Predicate, ResourceDescriptor,
    RunDetails, STATEMENT_TYPE, Statement,
};
pub use vendored::{godeps_json, modules_txt, vendor_conf};
