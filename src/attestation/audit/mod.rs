//! Compares a release directory, or the directory of one result, with everything that was recorded about it.
//!
//! For every file there are several sources: the index, the checksums of the release and those of the result, the
//! manifest, the provenance, the bill of materials. The checksums of the release are compared with their signature. A file
//! that contradicts all of its sources was changed; a source that contradicts the file and another source was changed
//! itself. What the user's key signed is believed over everything else. Every problem states which source says what.

mod auditor;
mod listing;
mod outcome;
mod proof;
mod recorded;
mod release;
mod result;
mod run;
mod sources;

pub use outcome::{Audit, AuditError, AuditedFile, Problem, ProblemKind};
pub use run::audit;
