//! What is said about a result, and whether it is so.
//!
//! Said: an SBOM of what is compiled in ([`sbom`]), a statement of where it came from ([`provenance`]), a signature
//! of that ([`sign`]), and one of the checksums of a release ([`sign_checksums`]); [`bill_of_materials`] and [`say`] give
//! them as the texts of files. Held against the files: [`audit()`] takes a release folder or the folder of one result and
//! lists everything in it that is not as it was written down.
//!
//! Nothing here prints, asks the clock or draws a random number: the same result has the same files said about it.

mod attest;
mod audit;
mod compiled_in;
mod component;
mod cyclonedx;
mod dsse;
mod error;
mod key;
mod pem_file;
mod provenance;
mod sbom;
mod signed_checksums;
mod slsa;
mod vendored;

pub use attest::{Attested, bill_of_materials, say};
pub use audit::{Audit, AuditError, AuditedFile, Problem, ProblemKind, audit};
pub use compiled_in::found_in;
pub use component::{Component, ComponentKind, debian_components};
pub use cyclonedx::Bom;
pub use dsse::{Envelope, EnvelopeSignature, PAYLOAD_TYPE, SignatureError, sign};
pub use error::{AttestError, KeyError, VendoredError};
pub use key::{KeyKind, SigningKey, VerifyingKey};
pub use provenance::{Subject, provenance, statement};
pub use sbom::sbom;
pub use signed_checksums::{
    checksums_signature_name, minisign_public_key, sign_checksums, verify_checksums,
};
pub use slsa::{
    BuildDefinition, Builder, DigestSet, Metadata, PREDICATE_TYPE, Predicate, ResourceDescriptor,
    RunDetails, STATEMENT_TYPE, Statement,
};
pub use vendored::{godeps_json, modules_txt, vendor_conf};
